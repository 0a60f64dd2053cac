"""An application's input as plain JSON values: read with every fault named by its place, and written back.

The shape is that of `input` in the golden cases. What is absent: an answer is unknown, `controls` none, `signals` no
telemetry; a control of the library takes severity, interval and principles from there; `status` null is unanswered.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from math import isfinite
from typing import Any, NoReturn

from risk.scoring.application import ApplicationInput, ControlInput, Event, Ratchet, Signals
from risk.scoring.method import Method, Weights

_MISSING = object()


class InputError(ValueError):
    """A value that cannot be; the message gives its place and what is allowed."""


def parse_application(plain: object, method: Method) -> ApplicationInput:
    """The input that the plain value describes. Raises InputError at the first fault."""
    given = _mapping(plain, "input", ("answers", "controls", "signals", "prohibited", "previous", "id", "name"))
    answers = _mapping(given.get("answers", {}), "answers", tuple(method.factors))
    for factor, option in answers.items():
        if option is not None:
            _one_of(option, method.factors[factor].options, f"answers.{factor}")
    controls = tuple(
        _control(one, f"controls[{place}]", method)
        for place, one in enumerate(_list(given.get("controls", []), "controls"))
    )
    return ApplicationInput(
        answers=answers,
        controls=controls,
        signals=_signals(given.get("signals", {}), method),
        prohibited=_bool(given.get("prohibited", False), "prohibited"),
        previous=_ratchet(given.get("previous"), method),
    )


def plain_application(inp: ApplicationInput) -> dict[str, Any]:
    """The input as plain JSON values, complete, such that `parse_application` gives it back."""
    signals = inp.signals
    plain: dict[str, Any] = {
        "answers": dict(inp.answers),
        "controls": [_plain(one) for one in inp.controls],
        "signals": {
            "telemetry": signals.telemetry,
            "events": [_plain(one) for one in signals.events],
            "rates": dict(signals.rates),
            "drift": signals.drift,
        },
        "prohibited": inp.prohibited,
    }
    if inp.previous is not None:
        plain["previous"] = {**_plain(inp.previous), "pending": list(inp.previous.pending)}
    return plain


def _plain(one: ControlInput | Event | Ratchet) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def parse_pairs(plain: object) -> list[tuple[float, float]]:
    """(risk, exposure weight) pairs of a department. Raises InputError."""
    pairs = []
    for place, one in enumerate(_list(plain, "line")):
        if not isinstance(one, list) or len(one) != 2:
            _wrong(f"pair {place + 1} is not [risk, exposure]")
        risk = _number(one[0], f"risk of pair {place + 1}", most=100)
        exposure = _number(one[1], f"exposure of pair {place + 1}")
        if exposure <= 0:
            _wrong(f"exposure of pair {place + 1} must be above 0")
        pairs.append((risk, exposure))
    return pairs


def _control(plain: object, place: str, method: Method) -> ControlInput:
    known = ("id", "severity", "status", "age", "interval", "applicable", "principles")
    given = _mapping(plain, place, known)
    key = given.get("id")
    if not isinstance(key, str) or not key:
        _wrong(f"{place}.id must be a text")
    library = method.controls.get(key)

    def value(name: str, of_library: Callable[[], Any]) -> Any:
        if name in given:
            return given[name]
        return of_library() if library is not None else _wrong(f"{place}.{name} is missing")

    status = given.get("status")
    if status is not None:
        _one_of(status, method.control_status, f"{place}.status")
    interval = _number(value("interval", lambda: method.controls[key].review_days), f"{place}.interval")
    if interval <= 0:
        _wrong(f"{place}.interval must be above 0")
    severity = _number(value("severity", lambda: method.controls[key].severity), f"{place}.severity", most=5)
    applicable = given.get("applicable", True)
    return ControlInput(
        id=key,
        severity=severity,
        status=status,
        age=_number(given.get("age", 0), f"{place}.age"),
        interval=interval,
        applicable=None if applicable is None else _bool(applicable, f"{place}.applicable"),
        principles=_weights(
            value("principles", lambda: method.controls[key].principles), f"{place}.principles", method
        ),
    )


def _signals(plain: object, method: Method) -> Signals:
    if plain is None:
        return Signals()
    given = _mapping(plain, "signals", ("telemetry", "events", "rates", "drift"))
    rates = _mapping(given.get("rates") or {}, "signals.rates", tuple(method.rates))
    drift = given.get("drift")
    return Signals(
        telemetry=_bool(given.get("telemetry", False), "signals.telemetry"),
        events=tuple(
            _event(one, f"signals.events[{place}]", method)
            for place, one in enumerate(_list(given.get("events") or [], "signals.events"))
        ),
        rates={key: _number(value, f"signals.rates.{key}") for key, value in rates.items() if value is not None},
        drift=None if drift is None else _number(drift, "signals.drift"),
    )


def _event(plain: object, place: str, method: Method) -> Event:
    given = _mapping(plain, place, ("severity", "principles", "age", "open", "label", "ref"))
    return Event(
        severity=_one_of(given.get("severity"), method.signal_severity, f"{place}.severity"),
        principles=_weights(given.get("principles", _MISSING), f"{place}.principles", method),
        age=_number(given.get("age", 0), f"{place}.age"),
        open=_bool(given.get("open", True), f"{place}.open"),
        label=_text(given.get("label", ""), f"{place}.label"),
        ref=_text(given.get("ref", ""), f"{place}.ref"),
    )


def _ratchet(plain: object, method: Method) -> Ratchet | None:
    if plain is None:
        return None
    given = _mapping(plain, "previous", ("overall", "principles", "pending"))
    points = _mapping(given.get("principles", {}), "previous.principles", method.principles)
    return Ratchet(
        overall=_number(given.get("overall", _MISSING), "previous.overall", most=100),
        principles={key: _number(value, f"previous.principles.{key}", most=100) for key, value in points.items()},
        pending=tuple(_text(one, "previous.pending") for one in _list(given.get("pending", []), "previous.pending")),
    )


def _weights(plain: object, place: str, method: Method) -> Weights:
    given = _mapping(plain, place, method.principles)
    return {key: _number(value, f"{place}.{key}", most=1) for key, value in given.items()}


def _mapping(plain: object, place: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        _wrong(f"{place} is missing" if plain is _MISSING else f"{place} must be an object")
    for key in plain:
        if key not in known:
            _wrong(f"{place} has no {key!r}; known: {', '.join(known)}")
    return plain


def _list(plain: object, place: str) -> list[Any]:
    if not isinstance(plain, list):
        _wrong(f"{place} must be a list")
    return plain


def _one_of(plain: object, known: Mapping[str, object], place: str) -> str:
    if not isinstance(plain, str) or plain not in known:
        _wrong(f"{place} is {str(plain)[:60]!r}, not one of {', '.join(known)}")
    return plain


def _number(plain: object, place: str, most: float | None = None) -> float:
    if plain is _MISSING:
        _wrong(f"{place} is missing")
    if isinstance(plain, bool) or not isinstance(plain, (int, float)) or not isfinite(plain):
        _wrong(f"{place} must be a number")
    if plain < 0:
        _wrong(f"{place} must not be negative")
    if most is not None and plain > most:
        _wrong(f"{place} must not be above {most:g}")
    return float(plain)


def _bool(plain: object, place: str) -> bool:
    if not isinstance(plain, bool):
        _wrong(f"{place} must be true or false")
    return plain


def _text(plain: object, place: str) -> str:
    if not isinstance(plain, str):
        _wrong(f"{place} must be a text")
    return plain


def _wrong(message: str) -> NoReturn:
    raise InputError(message)
