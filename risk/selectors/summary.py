"""What the summary of an application shows: its risk by principle, why, what would help most, and how it came."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import AIApplication
from risk.choices import OVERALL, ControlStatus, Principle
from risk.method import load_method
from risk.scoring.application import Contribution
from risk.scoring.explain import SHOWN_DECIMALS, explain, shown
from risk.scoring.formulas import effectiveness
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR, Kind
from risk.selectors.history import Moment, moments
from risk.selectors.next_steps import (
    AlertStep,
    ControlStep,
    QuestionStep,
    Together,
    alert_step,
    next_steps,
    together,
)
from risk.selectors.outlook import Ahead, ahead

PRIMARY = 0.5  # from this weight on a control is evidence for a principle
_SHOWN_REQUIREMENTS = 2
_CLASS_LABEL = gettext_lazy("Class under the EU AI Act")
HISTORY_DAYS = 365
_GROUPS = {
    Kind.IMPACT: "inherent",
    Kind.LIKELIHOOD: "inherent",
    Kind.FLOOR: "inherent",
    Kind.PROHIBITED: "inherent",
    Kind.CONTROL: "controls",
    Kind.EVENT: "signals",
    Kind.RATE: "signals",
    Kind.DRIFT: "signals",
    Kind.BOUND: "bound",
    Kind.UNKNOWN: "unknown",
    Kind.HELD: "held",
}
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
    """One step of the explanation, rounded so that all add up to the shown value. `assumed`: of an open control, not
    answered or unclear whether it applies, which the low end counts as if it worked; what that hides is in the unknown
    (method §5, §13)."""

    kind: Kind
    key: str
    label: str
    amount: float
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """The shown parts of a score by what they are; they add up to the shown value."""

    inherent: float
    controls: float
    signals: float
    bound: float
    assumed: float
    unknown: float
    held: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of the page; `measure` is overall or the principle that is explained."""

    judgement: Judgement
    measure: str
    label: str
    value: float
    low: float
    high: float
    band: str
    principles: tuple[PrincipleLine, ...]
    parts: tuple[Part, ...]
    total: float
    account: Account
    worst: PrincipleLine
    states: tuple[tuple[str, int], ...]  # of the controls that are asked: in words, and how many
    steps: tuple[ControlStep | QuestionStep, ...]
    together: Together | None
    alerts: AlertStep | None
    history: tuple[Moment, ...]
    ahead: Ahead


def summary(application: AIApplication, judgement: Judgement, measure: str) -> Summary:
    """Everything for one application, explained for `measure`."""
    method = load_method()
    explained = explain(judgement.inputs, method)
    one = explained if measure == OVERALL else explained.principles[measure]
    bars, total = shown(one.contributions, one.point)
    open_ones = {one.id for one in judgement.inputs.controls if effectiveness(one, method) is None}
    parts = tuple(_part(bar, open_ones) for bar in bars)
    lines = tuple(_lines(judgement, method))
    steps = tuple(next_steps(judgement, measure))
    return Summary(
        judgement=judgement,
        measure=measure,
        label=_("Overall risk") if measure == OVERALL else str(Principle(measure).label),
        value=one.point,
        low=one.low,
        high=one.high,
        band=method.band(one.point),
        principles=lines,
        parts=parts,
        total=total,
        account=_account(parts),
        worst=max(lines, key=lambda line: line.point),
        states=tuple(_states(judgement)),
        steps=steps,
        together=together(judgement, steps, measure),
        alerts=alert_step(judgement, measure),
        history=tuple(moments(application.pk, judgement.day - timedelta(days=HISTORY_DAYS), measure)),
        ahead=ahead(judgement, measure),
    )


def _part(bar: Contribution, open_controls: Collection[str]) -> Part:
    label = str(_CLASS_LABEL) if bar.key == EU_CLASS_FACTOR else bar.label[:1].upper() + bar.label[1:]
    assumed = bar.kind is Kind.CONTROL and bar.key in open_controls
    if bar.kind is Kind.UNKNOWN:
        label = _("Not known: %(label)s") % {"label": label}
    return Part(
        bar.kind,
        bar.key,
        _("Open, if it worked: %(label)s") % {"label": label} if assumed else label,
        bar.value,
        assumed,
    )


def _lines(judgement: Judgement, method: Method) -> list[PrincipleLine]:
    return [
        PrincipleLine(
            key=key,
            label=str(Principle(key).label),
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


def _states(judgement: Judgement) -> list[tuple[str, int]]:
    """How many of the asked controls stand in each state, the best first, the unanswered last."""
    counts = Counter(one.status or "" for one in judgement.inputs.controls if one.applicable is not False)
    words = [(value, label.lower()) for value, label in reversed(ControlStatus.choices)] + [("", _("not answered"))]
    return [(label, counts[value]) for value, label in words if counts[value]]


def _account(parts: tuple[Part, ...]) -> Account:
    sums = dict.fromkeys(("inherent", "controls", "signals", "bound", "assumed", "unknown", "held"), 0.0)
    for one in parts:
        sums["assumed" if one.assumed else _GROUPS[one.kind]] += one.amount
    return Account(**{key: round(value, SHOWN_DECIMALS) for key, value in sums.items()})


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
