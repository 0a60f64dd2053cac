"""Shape of the framework files and of uncovered.yaml."""

from datetime import date
from typing import Annotated

from pydantic import Field

from risk.frameworks.reading import StrictModel

Text = Annotated[str, Field(min_length=1)]
Weight = Annotated[float, Field(ge=0, le=1)]


class ChangeSchema(StrictModel):
    date: date
    certainty: Text
    note: Text


class GroupSchema(StrictModel):
    id: Text
    title: Text


class ConditionalDateSchema(StrictModel):
    condition: Annotated[Text, Field(alias="if")]
    from_: Annotated[date, Field(alias="from")]


class RequirementSchema(StrictModel):
    id: Text
    title: Text
    text: Text
    parent: Text
    kind: Text
    level: Annotated[str, Field(pattern="^(application|shared|organisation)$")]
    principles: Annotated[dict[Text, Weight], Field(min_length=1)]
    applies_to: Text
    obligation_from: date | None
    obligation_from_when: list[ConditionalDateSchema] = []
    date_basis: Annotated[str, Field(pattern="^(explicit|inferred)$")] = "explicit"
    notes: str = ""


class FrameworkSchema(StrictModel):
    id: Text
    name: Text
    version: Text
    publisher: Text
    source_url: Annotated[str, Field(pattern="^https://")]
    licence_note: Text
    status: Annotated[str, Field(pattern="^(in_force|published|rescinded|superseded)$")]
    as_of: date
    citation: Text
    binding: bool
    changes: list[ChangeSchema] = []
    open_questions: list[Text] = []
    optional_pack: bool = False
    applies_hint: str = ""
    replaces: str = ""
    replaced_by: str = ""
    groups: Annotated[list[GroupSchema], Field(min_length=1)]
    requirements: Annotated[list[RequirementSchema], Field(min_length=1)]


class UncoveredSchema(StrictModel):
    uncovered: dict[Text, Text]
