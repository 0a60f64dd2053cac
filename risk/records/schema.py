"""Shape of the forms of written records: sections with fields, what triggers a second signature, what makes it due."""

from datetime import date
from typing import Annotated

from pydantic import Field

from risk.frameworks.reading import StrictModel
from risk.frameworks.schema import Text

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class ColumnSchema(StrictModel):
    id: Id
    type: Annotated[str, Field(pattern="^(line|text|date|choice|codes)$")]
    text: Text
    options: dict[Text, Text] = {}
    of: Annotated[str, Field(pattern="^(goals|controls)?$")] = ""
    help: str = ""


class FieldSchema(StrictModel):
    id: Id
    type: Annotated[str, Field(pattern="^(line|text|date|yes_no|choice|multi|rows|goals)$")]
    text: Text
    help: str = ""
    needed: bool = False
    prefill: Annotated[str, Field(pattern="^(name|department|purpose|description|author)?$")] = ""
    trigger: Annotated[str, Field(pattern="^(sensitive|restricted)?$")] = ""
    options: dict[Text, Text] = {}
    columns: list[ColumnSchema] = []
    most: Annotated[int, Field(gt=0, le=50)] = 1


class SectionSchema(StrictModel):
    id: Id
    title: Text
    hint: str = ""
    per: str = ""
    fields: Annotated[list[FieldSchema], Field(min_length=1)]


class SignaturesSchema(StrictModel):
    usual: Annotated[int, Field(ge=1, le=2)]
    triggered: Annotated[int, Field(ge=1, le=2)]


class ReportSchema(StrictModel):
    label: Text
    hint: Text


class ChangeSchema(StrictModel):
    text: Text
    from_register: list[Text]
    from_answers: list[Text]


class RefusalSchema(StrictModel):
    question: Text
    unless: bool
    message: Text


class FormSchema(StrictModel):
    id: Id
    version: Text
    title: Text
    purpose: Text
    signatures: SignaturesSchema
    review_months: Annotated[int, Field(gt=0, le=60)]
    report: ReportSchema | None
    refused_if: list[RefusalSchema]
    sections: Annotated[list[SectionSchema], Field(min_length=1)]
    due_again: dict[Id, ChangeSchema]


class FormReleaseSchema(StrictModel):
    released: date
    files: Annotated[dict[Text, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]], Field(min_length=1)]


class FormReleasesSchema(StrictModel):
    releases: Annotated[dict[Text, FormReleaseSchema], Field(min_length=1)]
