"""Statements that an application repeats from a shared platform: as causes of its score, and in its history."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.models import AIApplication, AuditLogEntry, User
from inventory.selectors.history import Entry, Moment, Page, application_history, moment_of
from risk.models import ControlState
from risk.scoring.compare import CauseKind
from risk.selectors.causes import Change

INHERITED, NO_LONGER = "control.inherited", "control.not_inherited"  # entries of followers, made of the row history
UNSEEN = _("a shared platform")
# Where an own statement takes its place, the application's own entry tells it
_REPEATED = Q(inherited_from__isnull=False) | Q(status__isnull=True, pgh_label="update", last_from__isnull=False)
_OF_CONTROLS = {CauseKind.CONTROL, CauseKind.AGE}


def events_of(application: AIApplication) -> QuerySet[Any]:
    """Every version of the statements about an application's controls."""
    return ControlState.pgh_event_model.objects.filter(application_id=application.pk)  # type: ignore[attr-defined]


def told(
    user: User | None, application: AIApplication, found: Sequence[Change], before: datetime, after: datetime
) -> list[Change]:
    """The changes, those of a control that was or is repeated from a platform with its name; two queries."""
    old, new = _sources(application, before, after)
    names = names_for(user, {*old.values(), *new.values()})
    return [
        replace(one, what=f"{_source(one.key, old, new, names)}{one.what}") if one.kind in _OF_CONTROLS else one
        for one in found
    ]


def names_for(user: User | None, platforms: Collection[int]) -> Mapping[int, str]:
    """Names of the platforms that the person may see."""
    seen = access.applications(user).filter(pk__in=platforms).order_by()
    return dict(seen.values_list("pk", "name"))


def _sources(application: AIApplication, *moments: datetime) -> list[Mapping[str, int]]:
    """Of each moment the platform that each control repeated then; those stated by the application itself left out."""
    first, *others = (
        events_of(application)
        .filter(pgh_created_at__lt=until)
        .order_by("control", "-pgh_id")
        .distinct("control")
        .values_list(Value(place), "control", "inherited_from_id", "pgh_label")
        for place, until in enumerate(moments)
    )
    found: list[dict[str, int]] = [{} for _ in moments]
    for place, key, platform, label in first.union(*others, all=True):
        if platform is not None and label != "delete":
            found[place][key] = platform
    return list(found)


def _source(key: str, old: Mapping[str, int], new: Mapping[str, int], names: Mapping[int, str]) -> str:
    if key in new:
        return _("inherited from %(platform)s: ") % {"platform": names.get(new[key], UNSEEN)}
    if key in old:
        return _("no longer inherited from %(platform)s: ") % {"platform": names.get(old[key], UNSEEN)}
    return ""


def history(user: User | None, application: AIApplication, before: datetime | None = None) -> Page:
    """What happened to an application, with what it came to repeat from platforms, whose own entries name only these,
    and the agreements whose time was up. Raises PermissionDenied for who may not see it."""
    found = application_history(user, application, before, [_times(application)])
    put_in(user, application, found.moments)
    return found


def moment(
    user: User | None, application: AIApplication, at: datetime, page: int, size: int
) -> tuple[Moment | None, int]:
    """A page of one moment of `history`, and how many pages it has; None: nothing happened to the application then.
    Raises PermissionDenied for who may not see it."""
    found, pages = moment_of(user, application, at, page, size, [_times(application)])
    if found and page == 1:
        put_in(user, application, [found])
    return found, pages


def _times(application: AIApplication) -> QuerySet[Any, Any]:
    """When the application came to repeat something, or no longer, and when an agreement's time was up."""
    ended = AuditLogEntry.objects.filter(action="not_applicable.ended")
    ours = _REPEATED | Q(pgh_created_at__in=ended.order_by().values("at"))
    return _with_last(application).filter(ours).values_list("pgh_created_at", flat=True)


def _with_last(application: AIApplication) -> QuerySet[Any]:
    """Every version with what the one before it repeated: a left-out control keeps its row when its sharing ends."""
    events = events_of(application)
    last = events.filter(control=OuterRef("control"), pgh_id__lt=OuterRef("pgh_id")).order_by("-pgh_id")
    return events.annotate(
        last_from=Subquery(last.values("inherited_from_id")[:1]), last_status=Subquery(last.values("status")[:1])
    )


def put_in(user: User | None, application: AIApplication, moments: Sequence[Moment]) -> None:
    """Add to each moment what was repeated from a platform then, or no longer; three queries."""
    rows = _with_last(application).filter(_REPEATED, pgh_created_at__in=[one.at for one in moments])
    found: dict[tuple[datetime, int, bool], list[tuple[str, str | None]]] = defaultdict(list)
    columns = ("pgh_created_at", "inherited_from_id", "last_from", "pgh_label", "control", "status", "last_status")
    for at, platform, last, label, control, status, before in rows.order_by("control").values_list(*columns):
        gone = platform is None or label == "delete"
        found[at, platform or last, gone].append((control, before if platform is None else status))
    platforms = {key[1] for key in found}
    names, people = names_for(user, platforms), _actors(platforms, moments)
    by_time = {one.at: one for one in moments}
    for (at, platform, gone), states in found.items():
        words = _("No longer inherited from %(platform)s") if gone else _("Inherited from %(platform)s")
        by_time[at].entries.append(
            Entry(
                actor=people.get((at, platform), str(_("System"))),
                on_behalf_of="",
                action=NO_LONGER if gone else INHERITED,
                summary=words % {"platform": names.get(platform, UNSEEN)},
                reason="",
                address="",
                details={"states": states},
            )
        )


def _actors(platforms: Collection[int], moments: Sequence[Moment]) -> Mapping[tuple[datetime, int], str]:
    """Who did what the platforms passed on, by time and platform."""
    entries = AuditLogEntry.objects.filter(
        object_type=AIApplication._meta.model_name,
        object_id__in=[str(pk) for pk in platforms],
        at__in=[one.at for one in moments],
        actor__isnull=False,
    ).select_related("actor")
    return {(one.at, int(one.object_id)): str(one.actor) for one in entries.order_by("-id")}
