"""Shape of facts.yaml, controls.yaml, classification.yaml, scoring.yaml and releases.yaml."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from risk.frameworks.reading import StrictModel
from risk.frameworks.schema import Text, Weight

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Weights = Annotated[dict[Text, Weight], Field(min_length=1)]


class FactSchema(StrictModel):
    source: Annotated[str, Field(pattern="^(classification|questionnaire|organisation|score)$")]
    text: Text
    implies: list[Text] = []
    excludes: list[Text] = []
    one_of: list[Text] = []


class FactsSchema(StrictModel):
    id: Text
    version: Text
    facts: Annotated[dict[Text, FactSchema], Field(min_length=1)]


class ControlSchema(StrictModel):
    id: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{2}$")]
    title: Text
    question: Text
    principle: Text
    principles: Weights
    evidence: Annotated[list[Text], Field(min_length=1)]
    applies_when: Text
    review_days: Annotated[int, Field(gt=0)]
    severity: Annotated[int, Field(ge=1, le=5)]
    tier: Annotated[int, Field(ge=1, le=3)]
    satisfies: Annotated[list[Text], Field(min_length=1)]


class ControlsSchema(StrictModel):
    id: Text
    name: Text
    version: Text
    as_of: date
    licence_note: Text
    evidence_kinds: dict[Text, Text]
    families: dict[Text, Text]
    controls: Annotated[list[ControlSchema], Field(min_length=1)]


class ClassSchema(StrictModel):
    title: Text
    colour: Text
    action: str = ""
    note: str = ""


class QuestionSchema(StrictModel):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Annotated[str, Field(pattern="^(yes_no|multi|choice)$")]
    article: Text
    text: Text
    help: str = ""
    options: dict[Text, Text] = {}
    from_: Annotated[date | None, Field(alias="from")] = None
    ask_if: str = ""


class RuleSchema(StrictModel):
    id: Text
    when: Text
    class_: Annotated[str | None, Field(alias="class")] = None
    facts: list[Text] = []
    from_: Annotated[date | None, Field(alias="from")] = None
    articles: list[Text]
    reason: Text
    stop: bool = False


class TransitionSchema(StrictModel):
    id: Text
    articles: list[Text]
    text: Text


class CheckSchema(StrictModel):
    """A worked case that travels with the table; `check_method` runs it."""

    id: Text
    app: Text
    source: Text
    answers: dict[Text, Any]
    expect: dict[Text, Any]


class ClassificationSchema(StrictModel):
    id: Text
    version: Text
    as_of: date
    expression: Text
    evaluation: Text
    headline_order: list[Text]
    classes: dict[Text, ClassSchema]
    questions: Annotated[list[QuestionSchema], Field(min_length=1)]
    rules: Annotated[list[RuleSchema], Field(min_length=1)]
    derived_atoms: dict[Text, Text]
    transition: list[TransitionSchema]
    tests: list[CheckSchema]


class ScaleSchema(StrictModel):
    min: float
    max: float
    meaning: Text


class BandSchema(StrictModel):
    id: Text
    from_: Annotated[float, Field(alias="from", ge=0, le=100)]


class FactorSchema(StrictModel):
    question: Text
    options: Annotated[dict[Text, Share], Field(min_length=2)]
    exposure_weight: dict[Text, Positive] = {}
    floor: dict[Text, Annotated[float, Field(ge=0, le=100)]] = {}


class DepartmentParametersSchema(StrictModel):
    worst: Share
    tail: Share
    mean: Share
    tail_share: Annotated[float, Field(gt=0, le=1)]
    worst_gap: Annotated[float, Field(ge=0, le=100)]


class ParametersSchema(StrictModel):
    likelihood_base: Share
    max_mitigation: Share
    key_severity: Annotated[int, Field(ge=1, le=5)]
    key_min_weight: Share
    key_share: Share
    signal_scale: Positive
    signal_cap: Share
    signal_half_life_days: Positive
    signal_resolved_factor: Share
    no_telemetry_load: Annotated[float, Field(ge=0)]
    caution: Share
    worst_weight: Share
    worst_gap: Annotated[float, Field(ge=0, le=100)]
    dept: DepartmentParametersSchema


class RateSchema(StrictModel):
    tolerance_per_1000: Positive
    severity: Annotated[float, Field(ge=0)]
    principles: Weights


class DriftSchema(StrictModel):
    metric: Text
    tolerance: Positive
    severity: Annotated[float, Field(ge=0)]
    principles: Weights


class ScoringSchema(StrictModel):
    id: Text
    version: Text
    scale: ScaleSchema
    principles: Annotated[list[Text], Field(min_length=1)]
    bands: Annotated[list[BandSchema], Field(min_length=1)]
    impact_factors: Annotated[dict[Text, FactorSchema], Field(min_length=1)]
    likelihood_factors: Annotated[dict[Text, FactorSchema], Field(min_length=1)]
    impact_weights: dict[Text, Weights]
    likelihood_weights: dict[Text, Weights]
    parameters: ParametersSchema
    overall_weights: dict[Text, Positive]
    control_status: Annotated[dict[Text, Share], Field(min_length=1)]
    signal_severity: Annotated[dict[Text, Positive], Field(min_length=1)]
    alert_weights: dict[Text, Weights]
    rate_signals: dict[Text, RateSchema]
    drift_signal: DriftSchema


class ReleaseSchema(StrictModel):
    released: date
    note: Text
    files: Annotated[dict[Text, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]], Field(min_length=1)]


class ReleasesSchema(StrictModel):
    releases: Annotated[dict[Text, ReleaseSchema], Field(min_length=1)]
