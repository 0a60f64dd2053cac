"""What reviewers decided about names seen and about a shared platform: by the services, then dated."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pgtrigger
from django.contrib.postgres.functions import TransactionNow
from django.db.models import Model
from django.utils import timezone

from governance.demo.copying import dated_history, history_of
from governance.demo.dossier import Dossier, Inherited
from governance.demo.statements import Statement
from governance.demo.told import RulingStory, SharingStory
from governance.demo.world import World
from inventory.models import AIApplication, AuditLogEntry, ChangedApplication, Identifier, Ruling, Sighting, User
from inventory.services import discovery
from risk.models import ControlState
from risk.services import sharing

# What the services called here write with the transaction's time, as nothing else of a demo is
_WRITTEN: dict[type[Model], str] = {Ruling: "decided_at", AIApplication: "updated_at", Identifier: "", ControlState: ""}


@contextmanager
def dated(moment: datetime, *models: type[Model]) -> Iterator[None]:
    """What is written inside about these models, and to the audit log, was written at that moment."""
    yield
    for model in models:
        own = {_WRITTEN[model]: moment} if _WRITTEN[model] else {}
        events = history_of(model)
        with pgtrigger.ignore(f"{events._meta.label}:append_only"):
            written = events._default_manager.filter(pgh_created_at=TransactionNow())
            written.update(pgh_created_at=moment, **own)
        if own:
            with dated_history(model):
                model._default_manager.filter(**{f"{_WRITTEN[model]}__gte": TransactionNow()}).update(**own)
    with pgtrigger.ignore(f"{AuditLogEntry._meta.label}:append_only"):
        AuditLogEntry.objects.filter(at=TransactionNow()).update(at=moment)


def write_rulings(world: World) -> None:
    """What was linked and ruled out; a ruling whose last day has come is left out."""
    for one in world.story.rulings:
        seen = Sighting.objects.filter(name=one.seen).first()
        if seen is not None:
            with dated(world.moment(one.ago, one.seen, "ruling"), Ruling, AIApplication, Identifier):
                _rule(one, seen, world)
    ChangedApplication.objects.all().delete()  # everything is judged afterwards


def _rule(one: RulingStory, seen: Sighting, world: World) -> None:
    actor = User.objects.get(pk=world.people[one.by])
    if one.application in world.registered:
        application = AIApplication.objects.get(pk=world.registered[one.application])
        discovery.link(actor=actor, sighting=seen, application=application, reason=one.reason)
    elif not one.application and (until := world.day(-one.ahead)) >= timezone.localdate():
        discovery.rule_out(actor=actor, sightings=[seen.pk], reason=one.reason, until=until)


def write_sharings(files: Sequence[Dossier], world: World) -> tuple[list[Dossier], int]:
    """Let applications repeat what platforms state. Returns the dossiers with what each repeats, and how many rows."""
    found, rows = {one.app.id: one for one in files}, 0
    for told in world.story.sharings:
        following = [found[key] for key in told.applications if key in found]
        if told.platform in found and following:
            rows += _share(told, found[told.platform], following, world)
            found |= {one.app.id: _inheriting(told, one, found[told.platform], world) for one in following}
    return list(found.values()), rows


def _share(told: SharingStory, platform: Dossier, following: Sequence[Dossier], world: World) -> int:
    with dated(world.office_hours(world.day(told.ago), platform.app.id, "shared"), ControlState):
        shared = sharing.share(
            actor=User.objects.get(pk=world.people[told.by]),
            platform=AIApplication.objects.get(pk=platform.key),
            controls=told.controls,
            applications=AIApplication.objects.filter(pk__in=[one.key for one in following]),
        )
    return shared.rows


def _inheriting(told: SharingStory, one: Dossier, platform: Dossier, world: World) -> Dossier:
    newest: dict[str, Statement] = {stated.control: stated for stated in platform.statements}
    own = {stated.control for stated in one.statements}
    inherited = [Inherited(world.day(told.ago), newest[key]) for key in told.controls if key not in own]
    return replace(one, inherited=[*one.inherited, *inherited])
