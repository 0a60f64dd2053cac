"""What the summary of an application shows: its risk by principle, why, what would help most, and how it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from inventory.models import AIApplication
from risk.choices import OVERALL, ControlStatus, Principle
from risk.method import load_method
from risk.scoring.application import Contribution
from risk.scoring.explain import explain, shown
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR, Kind
from risk.scoring.what_if import control_effects
from risk.selectors.history import Moment, moments

PRIMARY = 0.5  # from this weight on a control is evidence for a principle
BEST_CONTROLS = 6
_SHOWN_REQUIREMENTS = 2
_CLASS_LABEL = "Class under the EU AI Act"
HISTORY_DAYS = 365
_WORKING = (ControlStatus.ATTESTED, ControlStatus.EVIDENCED, ControlStatus.VERIFIED)
_STRENGTH = {status: place for place, status in enumerate(ControlStatus.values)}


@dataclass(frozen=True, slots=True)
class PrincipleLine:
    """One principle with its range. `evidence`: the best status that a control of it has."""

    key: str
    label: str
    point: float
    low: float
    high: float
    inherent: float
    band: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Part:
    """One step of the explanation, rounded so that all add up to the shown value."""

    kind: Kind
    key: str
    label: str
    amount: float


@dataclass(frozen=True, slots=True)
class BestControl:
    """A control and what verifying it would do to the shown risk. `until`: the day its review interval ends."""

    id: str
    title: str
    satisfies: tuple[str, ...]
    status: str
    status_label: str
    until: date | None
    expired: bool
    counts: bool  # it works, so its statement has a validity; a plan has none
    now: float
    then: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of the page; `measure` is overall or the principle that is explained."""

    judgement: Judgement
    measure: str
    label: str
    value: float
    band: str
    principles: tuple[PrincipleLine, ...]
    parts: tuple[Part, ...]
    total: float
    best: tuple[BestControl, ...]
    history: tuple[Moment, ...]


def summary(application: AIApplication, judgement: Judgement, measure: str) -> Summary:
    """Everything for one application, explained for `measure`."""
    method = load_method()
    explained = explain(judgement.inputs, method)
    one = explained if measure == OVERALL else explained.principles[measure]
    parts, total = shown(one.contributions, one.point)
    return Summary(
        judgement=judgement,
        measure=measure,
        label="Overall risk" if measure == OVERALL else Principle(measure).label,
        value=one.point,
        band=method.band(one.point),
        principles=tuple(_lines(judgement, method)),
        parts=tuple(_part(bar) for bar in parts),
        total=total,
        best=_best(judgement, method, measure),
        history=tuple(moments(application.pk, judgement.day - timedelta(days=HISTORY_DAYS), measure)),
    )


def _part(bar: Contribution) -> Part:
    label = _CLASS_LABEL if bar.key == EU_CLASS_FACTOR else bar.label[:1].upper() + bar.label[1:]
    return Part(bar.kind, bar.key, f"Not known: {label}" if bar.kind is Kind.UNKNOWN else label, bar.value)


def _lines(judgement: Judgement, method: Method) -> list[PrincipleLine]:
    return [
        PrincipleLine(
            key=key,
            label=Principle(key).label,
            point=score.point,
            low=score.low,
            high=score.high,
            inherent=score.inherent,
            band=method.band(score.point),
            evidence=_evidence(judgement, key),
        )
        for key, score in judgement.score.principles.items()
    ]


def _evidence(judgement: Judgement, principle: str) -> str:
    """The strongest status among the controls that are chiefly about this principle."""
    found = [
        control.status
        for control in judgement.inputs.controls
        if control.status is not None and control.principles.get(principle, 0.0) >= PRIMARY
    ]
    best = max(found, key=_STRENGTH.__getitem__, default=None)
    return "missing" if best is None or best == ControlStatus.NOT_STARTED else ControlStatus(best).label.lower()


def _best(judgement: Judgement, method: Method, measure: str) -> tuple[BestControl, ...]:
    names = framework_names(method)
    found = []
    for effect in control_effects(judgement, method, measure)[:BEST_CONTROLS]:
        control = method.controls[effect.control]
        stated = judgement.case.controls.get(control.id)
        status = stated.status_on(judgement.day) if stated else None
        until = stated.as_of + timedelta(days=control.review_days) if stated else None
        found.append(
            BestControl(
                id=control.id,
                title=control.title,
                satisfies=satisfied(control.satisfies, names),
                status=status or "",
                status_label=ControlStatus(status).label if status else "Not answered",
                until=until,
                expired=until is not None and until < judgement.day,
                counts=status in _WORKING,
                now=effect.now,
                then=effect.then,
            )
        )
    return tuple(found)


def framework_names(method: Method) -> Mapping[str, str]:
    """Short name by framework: the part before a bracket, "EU Artificial Intelligence Act" as people say it."""
    return {key: _SHORT.get(key, one.name) for key, one in method.frameworks.items()}


_SHORT = {
    "eu_ai_act": "EU AI Act",
    "nist_ai_rmf": "NIST AI RMF",
    "nist_ai_600_1": "NIST AI 600-1",
    "iso_42001": "ISO/IEC 42001",
    "ms_rai_v2": "Microsoft RAI Standard",
    "owasp_llm_2025": "OWASP LLM 2025",
    "owasp_llm_2026": "OWASP LLM 2026",
    "owasp_asi_2026": "OWASP Agentic 2026",
    "mitre_atlas": "MITRE ATLAS",
    "sr_11_7": "SR 11-7",
    "sr_26_2": "SR 26-2",
    "dora": "DORA",
    "gdpr": "GDPR",
}


def satisfied(keys: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """`framework:requirement` keys by framework: "EU AI Act 9, 17 +2"."""
    grouped: dict[str, list[str]] = {}
    for key in keys:
        framework, requirement = key.split(":", 1)
        grouped.setdefault(framework, []).append(requirement)
    return tuple(f"{names[framework]} {_few(found)}" for framework, found in grouped.items())


def _few(requirements: list[str]) -> str:
    """The first two, and how many more."""
    more = len(requirements) - _SHOWN_REQUIREMENTS
    return ", ".join(requirements[:_SHOWN_REQUIREMENTS]) + (f" +{more}" if more > 0 else "")
