"""Metrics of AI systems, as any pipeline can write them: system, metric, group, value, time.

CSV with these columns or JSON with these members. A unit may stand beside the value; rates are stored per 1,000, which
is what the method counts in.
"""

import math
from collections.abc import Iterator
from typing import Any

from inventory.connectors import records
from inventory.connectors.base import MAX_NAME, Item, MetricValue, Source, Unreadable
from inventory.connectors.delimited import clean
from inventory.connectors.moments import moment_of
from inventory.connectors.records import Record, member

SYSTEM = ("system", "application", "model")
METRIC = ("metric", "metricname")
GROUP = ("group", "segment", "subgroup")
VALUE = ("value", "metricvalue")
TIME = ("time", "timestamp", "at", "date", "measuredat")
UNIT = ("unit",)
# Names by which the same measure goes
_SAME = {
    "psi": "drift",
    "population_stability_index": "drift",
    "harmful_outputs": "harmful_output_reports",
    "human_override_rate": "override_rate",
}
_PER_1000 = {"per_1000": 1.0, "per_mille": 1.0, "percent": 10.0, "%": 10.0, "share": 1000.0, "fraction": 1000.0}
_MOST = 1e15  # beyond this no measure of an AI system lies, but a mistake does


class Metrics:
    kind = "metrics"
    title = "Metrics of AI systems (CSV or JSON: system, metric, group, value, time)"

    def recognises(self, columns: list[str]) -> bool:
        names = set(columns)
        return all(names.intersection(wanted) for wanted in (SYSTEM, METRIC, VALUE, TIME))

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The values; see `base.Connector`."""
        for place, record in records.read(source, from_line):
            yield record if isinstance(record, Unreadable) else _value(place, record)


def _value(place: int, record: Record) -> Item:
    found = metric_value(
        place,
        system=member(record, *SYSTEM),
        metric=member(record, *METRIC),
        group=member(record, *GROUP),
        value=member(record, *VALUE),
        at=moment_of(member(record, *TIME)),
        unit=member(record, *UNIT),
    )
    return found if isinstance(found, MetricValue) else Unreadable(place, found, records.as_bytes(record))


def metric_value(
    place: int, *, system: Any, metric: Any, group: Any, value: Any, at: Any, unit: Any = None
) -> MetricValue | str:
    """The measurement, or why there is none."""
    name, measure = _text(system), metric_key(_text(metric))
    if not name:
        return "The row names no system."
    if not measure:
        return "The row names no metric."
    number = _number(value)
    if number is None:
        return "The value is no number."
    if at is None:
        return "The row has no time that can be read."
    scale = _PER_1000.get(_text(unit).casefold().replace(" ", "_"), 1.0)
    return MetricValue(place, name, measure, _text(group)[:200], number * scale, at)


def metric_key(name: str) -> str:
    """A metric's name in the form in which metrics are compared: "Override rate" and "override-rate" are one."""
    key = "_".join("".join(c if c.isalnum() else " " for c in name.casefold()).split())[:100]
    return _SAME.get(key, key)


def _number(value: Any) -> float | None:
    """A number, also as text; a comma may stand for the decimal point."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
        if value.endswith("%"):
            value = value[:-1]
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= _MOST else None


def _text(value: Any) -> str:
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if isinstance(value, str) else ""
