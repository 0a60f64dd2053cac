"""What made a score move, in words: each cause of `risk.scoring.compare` as people read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from risk.choices import OVERALL, ControlStatus
from risk.scoring.application import Contribution, Ratchet
from risk.scoring.case import WINDOW_DAYS, Measures, Occurrence, Stated, Usage
from risk.scoring.compare import Cause, CauseKind
from risk.scoring.explain import SHOWN_DECIMALS, shown
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.questionnaire import option_label
from risk.scoring.vocabulary import EVIDENCED, Kind

NOT_KNOWN = gettext_lazy("not known")
KIND_WORDS = {
    CauseKind.MISFIT: gettext_lazy("Method"),
    CauseKind.METHOD: gettext_lazy("Method"),
    CauseKind.ANSWER: gettext_lazy("Answer"),
    CauseKind.ORGANISATION: gettext_lazy("Organisation"),
    CauseKind.CONTROL: gettext_lazy("Control"),
    CauseKind.AGE: gettext_lazy("Time"),
    CauseKind.FADING: gettext_lazy("Time"),
    CauseKind.ALERT: gettext_lazy("Alert"),
    CauseKind.USAGE: gettext_lazy("Use"),
    CauseKind.METRICS: gettext_lazy("Metrics"),
    CauseKind.RATCHET: gettext_lazy("Held"),
}
_STATUSES = frozenset(ControlStatus.values)


@dataclass(frozen=True)  # without slots: pages keep hundreds, and pickle takes far longer over frozen slots
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
            word=str(KIND_WORDS[one.kind]),
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
        return (occurrence.label if isinstance(occurrence, Occurrence) else "") or _("Alert")
    return {
        CauseKind.METHOD: _("The scoring method"),
        CauseKind.FADING: _("Alerts grow old"),
        CauseKind.USAGE: _("What use shows"),
        CauseKind.METRICS: _("What metrics show"),
        CauseKind.RATCHET: _("Value held while newly asked controls are open"),
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
        return _("an alert weighs half after 30 days")
    if one.kind is CauseKind.ALERT:
        return _alert(one, after.day)
    if one.kind is CauseKind.RATCHET:
        return _held(one)
    if one.kind is CauseKind.MISFIT:
        return _("%(before)s → can no longer be read: to be answered again") % {
            "before": _value(one, one.before, method)
        }
    return f"{_value(one, one.before, method)} → {_value(one, one.after, method)}"


def ageing(key: str, stated: Stated | None, day: date, method: Method) -> str:
    """Why a statement is worth less on a day than it was. Said so that it holds of days past and of days to come."""
    if stated is None or key not in method.controls:
        return ""
    if stated.status_on(day) != stated.status:
        return _ended(stated, day)
    interval = timedelta(days=method.controls[key].review_days)
    if day >= stated.as_of + 2 * interval:
        return _("not reviewed for two intervals: worth nothing from %(day)s") % {
            "day": f"{stated.as_of + 2 * interval:%-d %b %Y}"
        }
    return _("review due %(day)s: it loses value from then") % {"day": f"{stated.as_of + interval:%-d %b %Y}"}


def _ended(stated: Stated, day: date) -> str:
    end = f"{stated.valid_until:%-d %b %Y}"
    if stated.status_on(day) == EVIDENCED:
        return _("end of what was verified of its evidence: %(end)s; the rest was not") % {"end": end}
    last = stated.evidenced_until
    return _("end of its evidence: %(day)s") % {"day": f"{last:%-d %b %Y}" if last else end}


def _alert(one: Cause, day: date) -> str:
    was, now = one.before, one.after
    if isinstance(now, Occurrence) and now.counts_from:
        return _of_an_incident(was, now, day)
    if isinstance(was, Occurrence) and was.counts_from and isinstance(now, Occurrence):
        return _("counts by itself again: it no longer belongs to the incident")
    if was is None and isinstance(now, Occurrence):
        return _("new on %(day)s, %(severity)s") % {"day": f"{now.day:%-d %b %Y}", "severity": now.severity}
    if now is None and isinstance(was, Occurrence):
        old = (day - was.day).days > WINDOW_DAYS
        return (
            _("of %(day)s, older than 30 days now") % {"day": f"{was.day:%-d %b %Y}"}
            if old
            else _("dismissed: it was none")
        )
    if isinstance(was, Occurrence) and isinstance(now, Occurrence) and was.open != now.open:
        return _("open → resolved") if was.open else _("resolved → open again")
    return _("reported differently")


def _of_an_incident(was: object, now: Occurrence, day: date) -> str:
    if now.counts_on(day):
        return _("counts by itself again: its incident is older than %(days)s days") % {"days": WINDOW_DAYS}
    if isinstance(was, Occurrence) and was.counts_from is None:
        return _("part of an incident now, which stands for it")
    if was is None:
        return _("new, part of an incident, which stands for it")
    return _("changed, part of an incident, which stands for it")


def _held(one: Cause) -> str:
    if isinstance(one.after, Ratchet):
        waiting = ", ".join(one.after.pending)
        return _("not below %(overall)s until answered: %(waiting)s") % {
            "overall": f"{one.after.overall:.1f}",
            "waiting": waiting,
        }
    return _("released: the controls are answered")


def _value(one: Cause, value: object, method: Method) -> str:
    if isinstance(value, Stated):
        return control_state(value)
    if isinstance(value, Usage):
        above = _("%(sensitive)s above what it is approved for") % {"sensitive": f"{value.sensitive:,}"}
        words = {"interactions": f"{value.interactions:,}", "above": above, "attacks": f"{value.attacks:,}"}
        return _("%(interactions)s interactions, %(above)s, %(attacks)s attacks") % words
    if isinstance(value, Measures):
        return ", ".join(f"{key.replace('_', ' ')} {one:g}" for key, one in value.values.items()) or _(
            "none that count"
        )
    if value is None:
        return _("not answered") if one.kind is CauseKind.CONTROL else str(NOT_KNOWN)
    return answer_text(one.key, value, method)


def control_state(stated: Stated) -> str:
    """A statement in words, with the day of its evidence's end."""
    if not stated.applicable:
        if not stated.agreed_until:
            return _("not applicable")
        return _("not applicable, agreed until %(day)s") % {"day": f"{stated.agreed_until:%-d %b %Y}"}
    words = ControlStatus(stated.status).label.lower() if stated.status in _STATUSES else str(stated.status)
    words = _("%(status)s as of %(day)s") % {"status": words, "day": f"{stated.as_of:%-d %b %Y}"}
    return (
        _("%(status)s, evidence until %(day)s") % {"status": words, "day": f"{stated.valid_until:%-d %b %Y}"}
        if stated.valid_until
        else words
    )


def answer_text(key: str, value: object, method: Method) -> str:
    """An answer as people read it."""
    if value is None:
        return str(NOT_KNOWN)
    if isinstance(value, bool):
        return "yes" if value else "no"
    options = method.questions[key].options if key in method.questions else {}
    if isinstance(value, list | tuple):
        return ", ".join(options.get(str(one), str(one)) for one in value) or _("none of these")
    return options.get(str(value)) or option_label(str(value))
