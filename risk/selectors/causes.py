"""What made a score move, in words: each cause of `risk.scoring.compare` as people read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from risk.choices import OVERALL, ControlStatus
from risk.scoring.application import Contribution, Ratchet
from risk.scoring.case import WINDOW_DAYS, Measures, Occurrence, Stated, Usage
from risk.scoring.compare import Cause, CauseKind
from risk.scoring.explain import SHOWN_DECIMALS, shown
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.questionnaire import option_label
from risk.scoring.vocabulary import EVIDENCED, Kind

NOT_KNOWN = "not known"
KIND_WORDS = {
    CauseKind.MISFIT: "Method",
    CauseKind.METHOD: "Method",
    CauseKind.ANSWER: "Answer",
    CauseKind.ORGANISATION: "Organisation",
    CauseKind.CONTROL: "Control",
    CauseKind.AGE: "Time",
    CauseKind.FADING: "Time",
    CauseKind.ALERT: "Alert",
    CauseKind.USAGE: "Use",
    CauseKind.METRICS: "Metrics",
    CauseKind.RATCHET: "Held",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A cause with its effect, rounded so that all add up. `what`: before and after in words."""

    kind: CauseKind
    word: str
    key: str
    label: str
    what: str
    amount: float


def changes(
    causes: Sequence[Cause], after: Judgement, method: Method, total: float, measure: str = OVERALL
) -> list[Change]:
    """The causes in words, largest effect first, those without an effect on the measure last.

    `after`: the later judgement, with its `method`; `total`: the shown difference, to which the amounts add up exactly.
    """
    bars = [Contribution(Kind.BOUND, str(i), "", one.effects[measure]) for i, one in enumerate(causes)]
    rounded = {bar.key: bar.value for bar in shown(bars, total)[0]} if bars else {}
    found = [
        Change(
            kind=one.kind,
            word=KIND_WORDS[one.kind],
            key=one.key,
            label=_label(one, method),
            what=_what(one, after, method),
            amount=rounded.get(str(place), 0.0),
        )
        for place, one in enumerate(causes)
    ]
    return sorted(found, key=lambda one: (-abs(one.amount), one.word, one.label))


def shown_change(before: float, after: float) -> float:
    """The difference of two values as they are shown."""
    return round(round(after, SHOWN_DECIMALS) - round(before, SHOWN_DECIMALS), SHOWN_DECIMALS)


def _label(one: Cause, method: Method) -> str:
    if one.kind in (CauseKind.ANSWER, CauseKind.ORGANISATION):
        return question_text(one.key, method)
    if one.kind is CauseKind.MISFIT:
        return control_text(one.key, method) if one.key in method.controls else question_text(one.key, method)
    if one.kind in (CauseKind.CONTROL, CauseKind.AGE):
        return control_text(one.key, method)
    if one.kind is CauseKind.ALERT:
        occurrence = one.after or one.before
        return (occurrence.label if isinstance(occurrence, Occurrence) else "") or "Alert"
    return {
        CauseKind.METHOD: "The scoring method",
        CauseKind.FADING: "Alerts grow old",
        CauseKind.USAGE: "What use shows",
        CauseKind.METRICS: "What metrics show",
        CauseKind.RATCHET: "Value held while newly asked controls are open",
    }[one.kind]


def question_text(key: str, method: Method) -> str:
    """A factor, question or fact as it is asked."""
    if key in method.factors:
        return method.factors[key].question
    if key in method.questions:
        return method.questions[key].text
    return method.facts[key].text if key in method.facts else key


def control_text(key: str, method: Method) -> str:
    """A control by its id and title."""
    return f"{key} {method.controls[key].title}" if key in method.controls else key


def _what(one: Cause, after: Judgement, method: Method) -> str:
    if one.kind is CauseKind.AGE and isinstance(one.after, date):
        return ageing(one.key, after.case.controls.get(one.key), one.after, method)
    if one.kind is CauseKind.FADING:
        return "an alert weighs half after 30 days"
    if one.kind is CauseKind.ALERT:
        return _alert(one, after.day)
    if one.kind is CauseKind.RATCHET:
        return _held(one)
    if one.kind is CauseKind.MISFIT:
        return f"{_value(one, one.before, method)} → can no longer be read: to be answered again"
    return f"{_value(one, one.before, method)} → {_value(one, one.after, method)}"


def ageing(key: str, stated: Stated | None, day: date, method: Method) -> str:
    """Why a statement is worth less on a day than it was."""
    if stated is None or key not in method.controls:
        return ""
    if stated.status_on(day) != stated.status:
        return _ended(stated, day)
    interval = timedelta(days=method.controls[key].review_days)
    if day >= stated.as_of + 2 * interval:
        return f"not reviewed for two intervals, worth nothing since {stated.as_of + 2 * interval:%-d %b %Y}"
    return f"its review was due on {stated.as_of + interval:%-d %b %Y}, it loses value since"


def _ended(stated: Stated, day: date) -> str:
    end = f"{stated.valid_until:%-d %b %Y}"
    if stated.status_on(day) == EVIDENCED:
        return f"what was verified of its evidence ended on {end}, and the rest was not"
    last = stated.evidenced_until
    return f"its evidence ended on {f'{last:%-d %b %Y}' if last else end}"


def _alert(one: Cause, day: date) -> str:
    was, now = one.before, one.after
    if isinstance(now, Occurrence) and now.counts_from:
        return _of_an_incident(was, now, day)
    if isinstance(was, Occurrence) and was.counts_from and isinstance(now, Occurrence):
        return "counts by itself again: it no longer belongs to the incident"
    if was is None and isinstance(now, Occurrence):
        return f"new on {now.day:%-d %b %Y}, {now.severity}"
    if now is None and isinstance(was, Occurrence):
        old = (day - was.day).days > WINDOW_DAYS
        return f"of {was.day:%-d %b %Y}, older than 30 days now" if old else "dismissed: it was none"
    if isinstance(was, Occurrence) and isinstance(now, Occurrence) and was.open != now.open:
        return "open → resolved" if was.open else "resolved → open again"
    return "reported differently"


def _of_an_incident(was: object, now: Occurrence, day: date) -> str:
    if now.counts_on(day):
        return f"counts by itself again: its incident is older than {WINDOW_DAYS} days"
    if isinstance(was, Occurrence) and was.counts_from is None:
        return "part of an incident now, which stands for it"
    return f"{'new' if was is None else 'changed'}, part of an incident, which stands for it"


def _held(one: Cause) -> str:
    if isinstance(one.after, Ratchet):
        waiting = ", ".join(one.after.pending)
        return f"not below {one.after.overall:.1f} until answered: {waiting}"
    return "released: the controls are answered"


def _value(one: Cause, value: object, method: Method) -> str:
    if isinstance(value, Stated):
        return control_state(value)
    if isinstance(value, Usage):
        above = f"{value.sensitive:,} above what it is approved for"
        return f"{value.interactions:,} interactions, {above}, {value.attacks:,} attacks"
    if isinstance(value, Measures):
        return ", ".join(f"{key.replace('_', ' ')} {one:g}" for key, one in value.values.items()) or "none that count"
    if value is None:
        return "not answered" if one.kind is CauseKind.CONTROL else NOT_KNOWN
    return answer_text(one.key, value, method)


def control_state(stated: Stated) -> str:
    """A statement in words, with the day of its evidence's end."""
    if not stated.applicable:
        until = f", agreed until {stated.agreed_until:%-d %b %Y}" if stated.agreed_until else ""
        return f"not applicable{until}"
    words = ControlStatus(stated.status).label.lower() if stated.status in ControlStatus.values else str(stated.status)
    words = f"{words} as of {stated.as_of:%-d %b %Y}"
    return f"{words}, evidence until {stated.valid_until:%-d %b %Y}" if stated.valid_until else words


def answer_text(key: str, value: object, method: Method) -> str:
    """An answer as people read it."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    options = method.questions[key].options if key in method.questions else {}
    if isinstance(value, list | tuple):
        return ", ".join(options.get(str(one), str(one)) for one in value) or "none of these"
    return options.get(str(value)) or option_label(str(value))
