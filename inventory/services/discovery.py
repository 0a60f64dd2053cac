"""What people decide about AI that is seen and not registered: register it, link it, rule it out, or take that back.

Linking names the application on every row that stands under the sighting and leaves the sighting beside it
(docs/decisions/0025): so past facts count for the application to the last figure, and taking the link back is exact as
well, whatever was imported or undone in between. Chunks of files are stored in turns with it.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import RulingKind
from inventory.models import (
    AIApplication,
    CarriedName,
    ChangedApplication,
    DailyUsage,
    Identifier,
    Ruling,
    Sighting,
    User,
)
from inventory.selectors.discovery.rulings import USE_DAYS, in_force
from inventory.selectors.discovery.seen import identifiers_of
from inventory.services import applications, lines
from inventory.services.imports.batches import UNUSUAL, take_turns

LONGEST_REASON = 2000
LONGEST_DAYS = 366  # a ruling with an end has it within a year; without one it stands until use grows

_OTHERS = ("inventory_agentlisting", "inventory_cloudapp")
# Months that can't hold any are not looked into
_TIMES = (
    " AND at BETWEEN (SELECT min(first_seen) FROM inventory_sighting WHERE id = ANY(%(sightings)s))"
    " AND (SELECT max(last_seen) FROM inventory_sighting WHERE id = ANY(%(sightings)s))"
)


@transaction.atomic
def register(*, actor: User | None, sighting: Sighting, **fields: Any) -> AIApplication:
    """Register what was seen, with the identifiers under which it was seen, and give it the facts that are kept.

    `fields` as `applications.register_application`. Raises PermissionDenied, or ValidationError by field.
    """
    held = _hold(actor, sighting, Permission.VIEW)
    application = applications.register_application(actor=actor, **fields)
    _attach(actor, held, application, reason="Registered from Discovery", added=_add(actor, application, held))
    return application


@transaction.atomic
def link(*, actor: User | None, sighting: Sighting, application: AIApplication, reason: str = "") -> Ruling:
    """Say that what was seen is this application: it gets the identifier, the facts that are kept and those to come.

    Raises PermissionDenied unless the actor reviews the application and every department that used what was seen, or
    ValidationError.
    """
    access.require(actor, Permission.REVIEW, application.department)
    held = _hold(actor, sighting, Permission.REVIEW)
    return _attach(actor, held, application, reason=_text(reason), added=_add(actor, application, held))


@transaction.atomic
def rule_out(*, actor: User | None, sightings: Collection[int], reason: str, until: date | None = None) -> int:
    """Rule out what was seen, by primary keys, until a day or without an end; returns how many were ruled out.

    All or nothing. It comes back by itself after the day, and as soon as its use is ten times what it is now. Raises
    PermissionDenied, or ValidationError.
    """
    text = _text(reason, needed=True)
    _check_end(until)
    found = list(access.sightings(actor, Permission.REVIEW).filter(pk__in=set(sightings)).order_by("folded"))
    if not found:
        raise ValidationError(_("Choose what to rule out."))
    if len(found) < len(set(sightings)):
        raise PermissionDenied(
            "You may not rule out what departments use that you don't review, or nothing has this number."
        )
    linked = Ruling.objects.filter(folded__in=[one.folded for one in found], kind=RulingKind.LINKED)
    if names := list(linked.values_list("name", flat=True)[:3]):
        raise ValidationError(
            _("Linked to an application: %(names)s. Take the link back first.") % {"names": ", ".join(names)}
        )
    uses = _use([one.pk for one in found])
    now = timezone.now()
    Ruling.objects.bulk_create(
        [
            Ruling(
                folded=one.folded, name=one.name, kind=RulingKind.RULED_OUT, reason=text, until=until,
                use=uses.get(one.pk, 0), decided_by=actor, decided_at=now,
            )
            for one in found
        ],
        update_conflicts=True,
        unique_fields=["folded"],
        update_fields=["name", "reason", "until", "use", "decided_by", "decided_at"],
    )  # fmt: skip
    names = [one.name for one in found]
    audit_log.record(
        actor=actor,
        action="sighting.ruled_out",
        summary=f"Ruled out {names[0] if len(names) == 1 else f'{len(names)} names seen'}"
        + (f" until {until}" if until else ""),
        obj=found[0] if len(found) == 1 else None,
        reason=text,
        details={"names": names[:1000], "count": len(names), "until": str(until) if until else None},
    )
    return len(found)


@transaction.atomic
def take_back(*, actor: User | None, sighting: Sighting, reason: str) -> None:
    """Take the ruling back: it is seen and not registered again. Of a link, the facts go back, those included that came
    since then under the name, or under others by the identifiers that it added; and these are removed.

    Raises PermissionDenied, or ValidationError.
    """
    text = _text(reason, needed=True)
    take_turns()
    ruling = Ruling.objects.select_for_update(of=("self",)).select_related("application__department").filter(
        folded=sighting.folded
    ).first()  # fmt: skip
    if ruling is None:
        raise ValidationError(_("Nothing is decided about it."))
    _require_to_take_back(actor, sighting, ruling)
    application, moved = ruling.application, {}
    if application is not None:
        _remove_identifiers(actor, application, ruling.identifiers)
        carried = _carried(ruling)
        moved = _move([sighting.folded, *carried], application, back=True)
        _tell(application)
        _give_to_others(carried, application)
    ruling.delete()
    audit_log.record(
        actor=actor,
        action="sighting.taken_back",
        summary=f"Took back: {ruling.name} {ruling.get_kind_display().lower()}",
        obj=application or sighting,
        reason=text,
        details={"name": ruling.name, "kind": ruling.kind, "moved": moved},
    )


def _require_to_take_back(actor: User | None, sighting: Sighting, ruling: Ruling) -> None:
    if ruling.application is not None:
        access.require(actor, Permission.REVIEW, ruling.application.department)
    else:
        access.sighting_or_404(actor, sighting.pk, Permission.REVIEW)


def _hold(actor: User | None, sighting: Sighting, permission: Permission) -> Sighting:
    """The sighting as it is now, held against files that are being read; nothing in force may stand on it."""
    take_turns()
    held = access.sighting_or_404(actor, sighting.pk, permission)
    ruling = Ruling.objects.select_for_update(of=("self",)).filter(folded=held.folded).first()
    if ruling is not None and ruling.kind == RulingKind.LINKED:
        raise ValidationError(_("%(name)s is linked already. Take the link back first.") % {"name": held.name})
    if ruling is not None:
        if in_force().filter(pk=ruling.pk).exists():
            access.sighting_or_404(actor, held.pk, Permission.REVIEW)
        ruling.delete()
    return held


def _attach(
    actor: User | None, sighting: Sighting, application: AIApplication, *, reason: str, added: Iterable[str]
) -> Ruling:
    identifiers = sorted(added)
    ruling = Ruling.objects.create(
        folded=sighting.folded, name=sighting.name, kind=RulingKind.LINKED, reason=reason, application=application,
        identifiers=identifiers, decided_by=actor,
    )  # fmt: skip
    moved = _move([sighting.folded], application)
    audit_log.record(
        actor=actor,
        action="sighting.linked",
        summary=f"Linked {sighting.name} to {application.external_id} {application.name}",
        obj=application,
        reason=reason,
        details={"name": sighting.name, "identifiers": identifiers, "moved": moved},
    )
    _tell(application)
    return ruling


def _add(actor: User | None, application: AIApplication, sighting: Sighting) -> list[str]:
    """Give the application what names the sighting and nobody has; returns what is new. A name that another
    application has raises ValidationError."""
    added = []
    for kind, value in identifiers_of(sighting):
        folded = value.strip().casefold()
        if not application.identifiers.filter(kind=kind, folded=folded).exists():
            applications.add_identifier(actor=actor, application=application, kind=kind, value=value)
            added.append(f"{kind}:{folded}")
    return added


def _remove_identifiers(actor: User | None, application: AIApplication, added: Iterable[str]) -> None:
    for one in added:
        kind, __, folded = one.partition(":")
        held = Identifier.objects.filter(application=application, kind=kind, folded=folded)
        for pk in held.values_list("pk", flat=True):
            applications.remove_identifier(actor=actor, application=application, identifier=pk)


def _carried(ruling: Ruling) -> list[str]:
    """The other names, folded, under which nothing but identifiers of this link has matched: names that are linked
    themselves stay, and so do those under which identifiers of another link have matched too."""
    others = CarriedName.objects.filter(ruling__application=ruling.application).exclude(ruling=ruling)
    linked = Ruling.objects.filter(application=ruling.application)
    own = ruling.carried.exclude(folded__in=others.values("folded")).exclude(folded__in=linked.values("folded"))
    return list(own.values_list("folded", flat=True))


def _give_to_others(names: list[str], application: AIApplication) -> None:
    """What goes back under a name that is linked to another application is that one's: an identifier goes before a
    name only while it is there."""
    links = Ruling.objects.filter(folded__in=names, application__isnull=False).exclude(application=application)
    for link in links.select_related("application"):
        if link.application is not None:
            _move([link.folded], link.application)
            _tell(link.application)


# The application's use is another on these days, so what stands out of it has to be looked for again
_CHANGED_DAYS = """
INSERT INTO inventory_changedday (day)
SELECT DISTINCT day FROM inventory_dailyusage WHERE sighting_id = ANY(%(sightings)s)"""


def _move(names: list[str], application: AIApplication, *, back: bool = False) -> dict[str, int]:
    """Name the application on everything that stands under the folded names, or take it off again; rows by table."""
    sightings = list(Sighting.objects.filter(folded__in=names).values_list("pk", flat=True))
    given: dict[str, Any] = {"sightings": sightings, "application": application.pk, "names": names}
    now, then = ("NULL", "= %(application)s") if back else ("%(application)s", "IS NULL")
    where = dict.fromkeys(_OTHERS, "sighting_id = ANY(%(sightings)s)")
    where["inventory_interaction"] = f"sighting_id = ANY(%(sightings)s){_TIMES}"
    where["inventory_dataevent"] = "folded = ANY(%(names)s)"
    owners = (application.pk, None) if back else (None, application.pk)
    with connection.cursor() as cursor:
        moved = lines.hand_over(cursor, sightings, old=owners[0], new=owners[1])
        for table, rows in where.items():
            cursor.execute(f"UPDATE {table} SET application_id = {now} WHERE {rows} AND application_id {then}", given)  # noqa: S608 - constants of this file
            moved[table.removeprefix("inventory_")] = cursor.rowcount
        cursor.execute(_CHANGED_DAYS, given)
    doorbell.ring(UNUSUAL)
    return moved


def _use(sightings: Collection[int]) -> dict[int, int]:
    """Interactions and visits of the last 30 days, everybody's."""
    since = timezone.localdate() - timedelta(days=USE_DAYS)
    rows = DailyUsage.objects.filter(application=None, sighting__in=sightings, day__gt=since).order_by()
    return dict(rows.values_list("sighting_id").annotate(n=Sum(F("interactions") + F("visits"))))


def _tell(application: AIApplication) -> None:
    ChangedApplication.objects.mark([application.pk])
    doorbell.ring(applications.RESCORE)


def _text(reason: str, needed: bool = False) -> str:
    text = reason.strip()
    if needed and not text:
        raise ValidationError({"reason": _("Say why.")})
    if len(text) > LONGEST_REASON or "\x00" in text:
        raise ValidationError({"reason": _("Give readable text of at most %(n)s characters.") % {"n": LONGEST_REASON}})
    return text


def _check_end(until: date | None) -> None:
    today = timezone.localdate()
    if until is not None and not today <= until <= today + timedelta(days=LONGEST_DAYS):
        raise ValidationError({"until": _("Choose a day from today to a year from now, or none.")})
