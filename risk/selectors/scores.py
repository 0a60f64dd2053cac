"""Scores as rows: one for each application and principle, and one for the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from inventory.models import AIApplication
from risk.choices import OVERALL, EUClass, Principle
from risk.method import load_method

PARTS = ("inherent", "low", "point", "high")
MEASURES = (OVERALL, *Principle.values)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A score as the dataset `scores` has it (contracts §1). There is no inherent overall risk. A prohibited practice
    is a gate without any number, and says so in the place of its band."""

    id: int
    external_id: str
    name: str
    department: str
    department_key: str
    principle: str
    inherent: float | None
    low: float | None
    point: float | None
    high: float | None
    band: str
    method: str
    as_of: date


class ScoreRows(Sequence[Any]):
    """The rows of scored applications, seven each, in the order of the external id; cut in SQL."""

    def __init__(self, found: QuerySet[AIApplication], measures: Sequence[str] = MEASURES) -> None:
        self.found = found.filter(score__isnull=False).order_by("external_id")
        self.measures = [m for m in MEASURES if m in measures]

    def __len__(self) -> int:
        return self.found.count() * len(self.measures)

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return self[part : part + 1][0]
        start, stop, each = part.start or 0, part.stop or 0, len(self.measures)
        first, last = start // each, -(-stop // each)
        rows = self.found.select_related("score", "department")[first:last]
        found = [row for application in rows for row in _rows(application, self.measures)]
        return found[start - first * each : stop - first * each]


def _rows(application: AIApplication, measures: Sequence[str]) -> list[ScoreRow]:
    score, band = application.score, load_method().band
    found = []
    for measure in measures:
        gate = score.eu_class == EUClass.PROHIBITED
        inherent, low, point, high = (None if gate else getattr(score, f"{measure}_{part}", None) for part in PARTS)
        found.append(
            ScoreRow(
                id=application.pk,
                external_id=application.external_id,
                name=application.name,
                department=application.department.name,
                department_key=application.department.key,
                principle=measure,
                inherent=inherent,
                low=low,
                point=point,
                high=high,
                band=EUClass.PROHIBITED if point is None else band(point),
                method=score.method,
                as_of=score.as_of,
            )
        )
    return found
