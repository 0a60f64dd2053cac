"""The columns of the list of applications: which there are, which an address asks for, and what its cells hold."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.selectors.asked import Problem, Reader
from risk.choices import OVERALL, EUClass, Principle
from risk.selectors.applications import Row

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Word of the address → what the column is called, in the order in which they stand. The name always stands first.
CALLED: Mapping[str, "StrOrPromise"] = {
    "department": gettext_lazy("Department"),
    "kind": gettext_lazy("Kind"),
    "vendor": gettext_lazy("Vendor"),
    "lifecycle": gettext_lazy("Stage"),
    "class": gettext_lazy("EU AI Act class"),
    "risk": gettext_lazy("Risk"),
    "range": gettext_lazy("Range"),
    **dict(Principle.choices),
    "change": gettext_lazy("Change in 30 days"),
    "owner": gettext_lazy("Owner"),
    "review": gettext_lazy("Next review"),
    "updated": gettext_lazy("Changed"),
}
DEFAULT = ("department", "lifecycle", "class", "risk", "range", "change", "owner", "review")
PROHIBITED, NOT_COMPUTABLE, WAITING = "prohibited", "not computable", "waiting"  # in place of a band


def read(query: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Problem]]:
    """The columns that an address asks for, in their fixed order; those of DEFAULT where it asks for none."""
    reader = Reader(query)
    asked = reader.words("columns", CALLED)
    return tuple(key for key in CALLED if key in asked) or DEFAULT, reader.problems


def called(key: str, principle: str) -> str:
    """What a column is called where the risk of `principle` is shown."""
    return _("Overall risk") if key == "risk" and principle == OVERALL else str(CALLED[key])


def principles(chosen: Sequence[str]) -> list[str]:
    """Those of the columns that hold the risk of a principle."""
    return [key for key in chosen if key in Principle.values]


def header(chosen: Sequence[str]) -> tuple[str, ...]:
    """The header of the file. Risk brings its band and the principle it is of, so that no file is taken for another."""
    names = {
        "class": ("eu_class",),
        "risk": ("risk_of", "risk", "band"),
        "range": ("low", "high"),
        "change": ("change_30d",),
        "review": ("next_review",),
    }
    return ("external_id", "name", *(name for key in chosen for name in names.get(key, (key,))))


def cells(row: Row, chosen: Sequence[str], principle: str) -> tuple[Any, ...]:
    """A line of the file. A prohibited practice has no figures, there as on the page."""
    none = row.eu_class == EUClass.PROHIBITED or not row.computable
    points = dict(zip(Principle.values, row.points, strict=True))
    values: dict[str, tuple[Any, ...]] = {
        "department": (row.department,),
        "kind": (row.kind,),
        "vendor": (row.vendor,),
        "lifecycle": (row.lifecycle,),
        "class": (row.eu_class,),
        "risk": (principle, None if none else row.point, _band(row)),
        "range": (None, None) if none else (row.low, row.high),
        **{key: (None if none else point,) for key, point in points.items()},
        "change": (None if none else row.change,),
        "owner": (row.owner,),
        "review": (row.next_review,),
        "updated": (row.updated.isoformat(),),
    }
    return (row.external_id, row.name, *(value for key in chosen for value in values[key]))


def _band(row: Row) -> str | None:
    if not row.computable:
        return NOT_COMPUTABLE
    if not row.scored:
        return WAITING
    return PROHIBITED if row.eu_class == EUClass.PROHIBITED else row.band
