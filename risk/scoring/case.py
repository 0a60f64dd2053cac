"""What is known about one application, with dates: the input of a judgement, and what a snapshot keeps of it.

Dates, not ages: the same case judged on two days differs only by the day (contracts §3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any

import orjson

from risk.scoring.application import Ratchet
from risk.scoring.classify import Answer
from risk.scoring.expressions import Truth
from risk.scoring.method import Method
from risk.scoring.vocabulary import ATTESTED, EVIDENCED, PROVEN

WINDOW_DAYS = 30  # signals count for this many days (docs/method.md §4)
APPROVED_FOR = "data_sensitivity"  # the question whose answer says what an application may work on


@dataclass(frozen=True, slots=True)
class Stated:
    """A control as a person stated it. `as_of`: the day from which it ages; `due`: the promised next day.

    `valid_until`: the last day on which its evidence holds (None: no end); `evidenced_until`: the last on which other
    evidence keeps it *evidenced*, once that of an independent check has ended. `applicable` False: two people agreed
    that it does not apply, so it isn't asked, up to the day `agreed_until` (None: no end). `status` is None only then,
    where nothing else was stated.
    """

    status: str | None
    as_of: date
    due: date | None = None
    valid_until: date | None = None
    applicable: bool = True
    agreed_until: date | None = None
    evidenced_until: date | None = None

    def ended_by(self, day: date) -> bool:
        """Whether it was agreed that the control does not apply, and the time of that is up."""
        return not self.applicable and self.agreed_until is not None and self.agreed_until < day

    def status_on(self, day: date) -> str | None:
        """What the statement is worth on a day: once its evidence has run out, the word of who gave it."""
        if self.valid_until is None or day <= self.valid_until or self.status not in PROVEN:
            return self.status
        return EVIDENCED if self.evidenced_until is not None and day <= self.evidenced_until else ATTESTED


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An alert or an incident: severity low, medium, high or critical, its day, and whether it is still open.

    An alert presses on the principles of its tactics, an incident on those that were recorded (`principles`).
    `counts_from`: the first day on which an alert is an event; until then its incident stands for it (None: always).
    """

    severity: str
    tactics: tuple[str, ...]
    day: date
    open: bool
    ref: str = ""
    label: str = ""
    principles: tuple[str, ...] = ()
    counts_from: date | None = None

    def counts_on(self, day: date) -> bool:
        """Whether it is an event of its own on a day."""
        return self.counts_from is None or self.counts_from <= day


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of the last 30 days up to the day of the judgement (docs/method.md §4).

    `sensitive`: interactions above what the application is approved for; `attacks`: marked jailbreak or injection,
    with the alerts that report a blocked attempt.

    For trying alone, and no input of a judgement: `above`, what `sensitive` would be by what it is approved for;
    `blocked`, the refs of the alerts among the attacks.
    """

    interactions: int = 0
    sensitive: int = 0
    attacks: int = 0
    above: Mapping[str, int] = field(default_factory=dict, compare=False)
    blocked: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured in the last 30 days and delivered as metrics (docs/method.md §4).

    `count`: measurements of any kind, each metric and group once; `values`: those that the method counts, by its key:
    rates per 1,000, and drift. What was not delivered is absent.
    """

    count: int = 0
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one application that its score, class and coverage depend on, besides the method and the day.

    `answers`: factors, classification questions and questionnaire facts as given (None: "I don't know"; absent: never
    answered). `organisation`: facts of the nearest department up the tree. `held`: the ratchet in force.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    organisation: Mapping[str, Truth] = field(default_factory=dict)
    controls: Mapping[str, Stated] = field(default_factory=dict)
    occurrences: tuple[Occurrence, ...] = ()
    usage: Usage = Usage()
    measures: Measures = Measures()
    held: Ratchet | None = None

    def on(self, day: date) -> "Case":
        """The case without agreements that a control does not apply whose time is up: of each, what was stated is left
        (or nothing), as the register will hold it once the agreement is closed there."""
        ended = [key for key, one in self.controls.items() if one.ended_by(day)]
        if not ended:
            return self
        controls = dict(self.controls)
        for key in ended:
            if controls[key].status is None:
                del controls[key]
            else:
                controls[key] = replace(controls[key], applicable=True, agreed_until=None)
        return replace(self, controls=controls)

    def later(self, day: date) -> "Case":
        """The case on a later day if nobody acts: use, and attacks among it, go on at the present rate, and alerts
        leave the window of signals."""
        kept = tuple(one for one in self.occurrences if (day - one.day).days <= WINDOW_DAYS)
        return self if len(kept) == len(self.occurrences) else replace(self, occurrences=kept)


# Parts of the plain form that change without anybody stating anything: what a moving window holds, and the ratchet
MOVING = ("usage", "measures", "held")


def digest(plain: Mapping[str, Any], method: Method) -> str:
    """SHA-256 over the method and the dated inputs (`to_plain`), without moving-window counts and the ratchet."""
    return digest_of(dated_text(plain, method), method)


def digest_of(text: bytes, method: Method) -> str:
    """The digest of dated inputs that are written already."""
    return sha256(method.digest.encode() + text).hexdigest()


def dated_text(plain: Mapping[str, Any], method: Method) -> bytes:
    """The dated inputs as JSON with sorted keys: what the digest is taken of, and what a snapshot stores.

    What the method does not know decides nothing and is left out.
    """
    known = {"answers": method.answerable, "controls": method.controls, "organisation": method.facts}
    dated = {}
    for part, values in plain.items():
        if part in known:
            values = {key: value for key, value in values.items() if key in known[part]}
        if part not in MOVING and values:
            dated[part] = values
    return orjson.dumps(dated, option=orjson.OPT_SORT_KEYS)


def to_plain(case: Case) -> dict[str, Any]:
    """The case as compact JSON values, as snapshots store it; empty parts are left out."""
    held = case.held
    parts: dict[str, Any] = {
        "answers": dict(case.answers),
        "organisation": dict(case.organisation),
        "controls": {key: stated_plain(one) for key, one in case.controls.items()},
        "events": sorted(map(_occurrence_plain, case.occurrences)),
        "usage": [case.usage.interactions, case.usage.sensitive, case.usage.attacks],
        "measures": measures_plain(case.measures),
        "held": held and held_plain(held),
    }
    return {key: value for key, value in parts.items() if value and value != [0, 0, 0]}


def from_plain(plain: Mapping[str, Any]) -> Case:
    """The case that `to_plain` wrote: a stored snapshot judged again gives the same figures."""
    held = plain.get("held")
    return Case(
        answers=plain.get("answers", {}),
        organisation=plain.get("organisation", {}),
        controls={key: stated(values) for key, values in plain.get("controls", {}).items()},
        occurrences=tuple(map(_occurrence, plain.get("events", ()))),
        usage=Usage(*plain.get("usage", ())),
        measures=Measures(*plain.get("measures", ())),
        held=Ratchet(held[0], held[1], tuple(held[2])) if held else None,
    )


def _occurrence_plain(one: Occurrence) -> list[Any]:
    """The shortest of the forms that `_occurrence` reads: what few have stands at the end, and only there."""
    found: list[Any] = [one.severity, list(one.tactics), one.day.isoformat(), one.open, one.ref, one.label]
    if one.principles or one.counts_from:
        found.append(list(one.principles))
    return [*found, one.counts_from.isoformat()] if one.counts_from else found


def _occurrence(values: Sequence[Any]) -> Occurrence:
    severity, tactics, day, is_open, ref, label, *more = values
    principles, counts_from = more[0] if more else (), more[1] if len(more) > 1 else None
    day = date.fromisoformat(day)
    return Occurrence(severity, tuple(tactics), day, is_open, ref, label, tuple(principles), _day(counts_from))


def stated(values: Sequence[Any]) -> Stated:
    """A control from `[status, day]`, `[status, day, due day]` or
    `[status, day, due day or null, last day of its evidence or null, whether it applies]`, the last with the last day
    of an agreement that it does not apply behind it (or null), and the last day on which other evidence keeps it
    *evidenced*."""
    status, as_of, *rest = values
    if len(rest) < 3:
        return Stated(status, date.fromisoformat(as_of), _day(rest[0]) if rest else None)
    due, valid_until, applicable, *more = rest
    agreed_until, evidenced_until = (_day(more[n]) if len(more) > n else None for n in (0, 1))
    days = _day(due), _day(valid_until)
    return Stated(status, date.fromisoformat(as_of), *days, applicable, agreed_until, evidenced_until)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def measures_plain(found: Measures) -> list[Any] | None:
    """Measures as JSON values; None where there are none."""
    return [found.count, dict(sorted(found.values.items()))] if found.count else None


def held_plain(held: Ratchet) -> list[Any]:
    """A ratchet as JSON values."""
    return [held.overall, dict(held.principles), list(held.pending)]


def stated_plain(one: Stated) -> list[Any]:
    """The shortest of the forms that `stated` reads."""
    due = one.due.isoformat() if one.due else None
    until = one.valid_until.isoformat() if one.valid_until else None
    if until or not one.applicable:
        more = [day and day.isoformat() for day in (one.agreed_until, one.evidenced_until)]
        while more and more[-1] is None:
            more.pop()
        return [one.status, one.as_of.isoformat(), due, until, one.applicable, *more]
    return [one.status, one.as_of.isoformat(), *([due] if due else [])]
