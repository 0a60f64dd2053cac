"""Rows of the datasets `applications` and `scores`: the register with its judgement, present or of a past day."""

from collections.abc import Iterator

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, F, Func, OuterRef, QuerySet, Value, When
from django.db.models.functions import Concat

from governance.selectors import register_then
from governance.selectors.extent import Extent, figures, texts
from governance.selectors.streaming import streamed
from inventory import access
from inventory.models import AIApplication, Identifier
from risk.choices import OVERALL, EUClass, Principle
from risk.method import load_method
from risk.selectors import applications
from risk.selectors.scores import MEASURES

APPLICATION_COLUMNS = (
    *texts("external_id name purpose"),
    *figures("kind origin"),
    *texts("vendor department department_key"),
    *figures("lifecycle"),
    *texts("owner deputy"),
    *figures("eu_class eu_articles overall low high band", *Principle.values, "next_review"),
    *texts("identifiers"),
    *figures("registered updated"),
)
SCORE_COLUMNS = (
    *texts("external_id name department"),
    *figures("principle inherent low point high band method as_of"),
)


class UTCText(Func):
    """A time as ISO 8601 in UTC, to the second."""

    function = "to_char"
    template = """%(function)s(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    output_field = CharField()


class DayText(Func):
    """A day as ISO 8601."""

    function = "to_char"
    template = "%(function)s(%(expressions)s, 'YYYY-MM-DD')"
    output_field = CharField()


class Joined(Func):
    """An array of texts as one text, parted by semicolons; null where there is none."""

    template = "NULLIF(array_to_string(%(expressions)s, ';'), '')"
    output_field = CharField()


def of_score(column: str) -> Case:
    """A column of the present score; empty at the gate, which is no number."""
    return Case(When(score__eu_class=EUClass.PROHIBITED, then=None), default=F(f"score__{column}"))


# What stands in the place of the band there
_BAND = Case(When(score__eu_class=EUClass.PROHIBITED, then=Value(EUClass.PROHIBITED.value)), default=F("score__band"))


def applications_in(extent: Extent) -> QuerySet[AIApplication]:
    """The applications asked for, in the order of their external id; narrowed as the list page narrows them."""
    wanted = applications.wanted_by(extent.filters, extent.department)
    found = access.applications(extent.user, access.Permission.EXPORT)
    return applications.narrowed(found, wanted).order_by("external_id")


def application_rows(extent: Extent) -> Iterator[tuple]:
    """A row an application, scored or not (its score's columns are then empty)."""
    if extent.past:
        return register_then.rows(extent, register_then.APPLICATION)
    identifiers = (  # an array: an aggregate for each of a hundred thousand applications costs several times as much
        Identifier.objects.filter(application=OuterRef("pk"))
        .order_by("kind", "folded")
        .values_list(Concat("kind", Value(":"), "value"))
    )
    rows = applications_in(extent).values_list(
        *("external_id", "name", "purpose", "kind", "origin", "vendor", "department__name", "department__key"),
        *("lifecycle", "owner__username", "deputy__username", "score__eu_class", Joined(F("score__eu_articles"))),
        *(of_score(f"overall_{part}") for part in ("point", "low", "high")),
        _BAND,
        *(of_score(f"{principle}_point") for principle in Principle.values),
        *(DayText(F("next_review")), Joined(ArraySubquery(identifiers))),
        *(UTCText(F("registered_at")), UTCText(F("updated_at"))),
    )
    return streamed(rows)


def score_rows(extent: Extent) -> Iterator[tuple]:
    """Seven rows a scored application: overall, then the six principles, or only those asked for. There is no inherent
    overall risk. A prohibited practice is a gate: no values, and that word as its band."""
    measures = extent.filters.get("principle", MEASURES)
    fields = [of_score(f"{p}_{part}") for p in Principle.values for part in ("inherent", "low", "point", "high")]
    rows = (
        applications_in(extent)
        .filter(score__isnull=False)
        .values_list(
            *("external_id", "name", "department__name", "score__method", DayText(F("score__as_of"))),
            _BAND,
            *(of_score(f"overall_{part}") for part in ("low", "point", "high")),
            *fields,
        )
    )
    found = register_then.rows(extent, register_then.SCORE, scored=True) if extent.past else streamed(rows)
    for external_id, name, department, method, as_of, overall_band, low, point, high, *values in found:
        head = (external_id, name, department)
        if OVERALL in measures:
            yield *head, OVERALL, None, low, point, high, overall_band, method, as_of
        for place, principle in enumerate(Principle.values):
            if principle not in measures:
                continue
            part = values[4 * place : 4 * place + 4]
            own = overall_band if part[2] is None else load_method(method).band(part[2])
            yield *head, principle, *part, own, method, as_of
