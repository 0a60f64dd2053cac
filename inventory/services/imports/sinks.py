"""What stores the chunks of each kind and counts them into the batch."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from inventory.connectors.base import VISIT, Seen, Visit
from inventory.connectors.content import Interactions, ListedAgents, ListedUsers, MetricValues, SecurityAlerts
from inventory.models import ImportBatch, User
from inventory.services.directory import DirectoryWriter
from inventory.services.imports.agents import AgentWriter
from inventory.services.imports.ai_hosts import site_of
from inventory.services.imports.alerts import AlertWriter
from inventory.services.imports.cloud_apps import CloudAppSink
from inventory.services.imports.data_events import DataEventWriter
from inventory.services.imports.dictionaries import LabelSink, TypeSink
from inventory.services.imports.interactions import InteractionWriter
from inventory.services.imports.metrics import MetricWriter
from inventory.services.imports.order import is_late

_LISTS_OF_USERS = ("entra_users", "users")


class ActivitySink:
    """Stores chunks of interactions and data events and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._writer = InteractionWriter(batch)
        self._events = DataEventWriter(batch, self._writer.identifiers, self._writer.hosts)

    def store(self, content: Interactions, batch: ImportBatch) -> int:
        result, events = self._writer.store(content), self._events.store(list(content.events.values()))
        times = [at for at in (batch.newest_at, result.newest_at, events.newest_at) if at]
        batch.newest_at = max(times, default=None)
        batch.unmatched += result.unmatched
        batch.ignored += result.ignored
        batch.duplicates += content.count - result.ignored - result.stored
        if not content.events_count:
            return result.stored
        batch.unmatched += events.unmatched
        batch.ignored += events.ignored
        batch.duplicates += len(content.events) - events.ignored - events.stored
        return result.stored + events.stored

    def finish(self) -> dict[str, int]:
        return {}


class VisitSink(ActivitySink):
    """Stores visits of a log that names apps: of an app that nothing registered is called, its site counts."""

    def store_visits(self, visits: list[Visit], batch: ImportBatch) -> int:
        """The visits that are new; older ones than the retention are ignored."""
        content = Interactions(timezone.now() - timedelta(days=settings.INTERACTION_RETENTION_DAYS))
        for one in visits:
            content.add_visit(one._replace(seen=self._placed(one.seen)))
        content.finish()
        batch.ignored += content.ignored
        return self.store(content, batch)

    def _placed(self, seen: Seen) -> Seen:
        if seen.host or self._writer.identifiers.match(seen).application is not None:
            return seen
        site = site_of(seen.app_name)
        return Seen(host=site, operation=VISIT) if site else seen


class UserSink:
    """Stores chunks of a user list and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._writer = DirectoryWriter(batch, actor)

    def store(self, content: ListedUsers, batch: ImportBatch) -> int:
        stored = self._writer.store(content, late=is_late(batch, _LISTS_OF_USERS))
        batch.duplicates += len(content.people) - stored
        return stored

    def finish(self) -> dict[str, int]:
        return {"moved from Unassigned": self._writer.finish()}


class AlertSink:
    """Stores chunks of alerts and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._writer = AlertWriter(batch, again=batch.read_before)
        self._visits: VisitSink | None = None  # which few files need
        self._batch, self._actor = batch, actor

    def store(self, content: SecurityAlerts, batch: ImportBatch) -> int:
        result = self._writer.store(content)
        batch.unmatched += result.unmatched
        batch.ignored += result.ignored
        if result.newest_at:
            batch.newest_at = max(batch.newest_at or result.newest_at, result.newest_at)
        batch.duplicates += len(content.alerts) - result.stored - result.ignored
        if not content.visits:
            return result.stored
        self._visits = self._visits or VisitSink(batch, self._actor)
        return result.stored + self._visits.store_visits(content.visits, batch)

    def finish(self) -> dict[str, int]:
        return {}


class AgentSink:
    """Stores chunks of listed agents and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._writer = AgentWriter(batch)

    def store(self, content: ListedAgents, batch: ImportBatch) -> int:
        result = self._writer.store(content)
        batch.unmatched += result.unmatched
        batch.duplicates += len(content.agents) - result.stored
        if result.newest_at:
            batch.newest_at = max(batch.newest_at or result.newest_at, result.newest_at)
        return result.stored

    def finish(self) -> dict[str, int]:
        return {}


class MetricSink:
    """Stores chunks of metrics and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._writer = MetricWriter(batch, again=batch.read_before)

    def store(self, content: MetricValues, batch: ImportBatch) -> int:
        result = self._writer.store(content)
        batch.unmatched += result.unmatched
        batch.duplicates += len(content.values) - result.stored
        if result.newest_at:
            batch.newest_at = max(batch.newest_at or result.newest_at, result.newest_at)
        return result.stored

    def finish(self) -> dict[str, int]:
        return {}


Sink = ActivitySink | UserSink | AlertSink | AgentSink | MetricSink | LabelSink | TypeSink | CloudAppSink
SINKS: dict[str, type[Sink]] = {
    "purview_audit": ActivitySink,
    "activity_explorer": ActivitySink,
    "entra_users": UserSink,
    "security_alerts": AlertSink,
    "agents": AgentSink,
    "otel_spans": ActivitySink,
    "metrics": MetricSink,
    "sensitivity_labels": LabelSink,
    "information_types": TypeSink,
    "cloud_apps": CloudAppSink,
    "cloud_discovery": ActivitySink,
    "content_notifications": ActivitySink,  # has nothing to store
    # what the rows of a mapped table tell
    "interactions": ActivitySink,
    "users": UserSink,
}
# Kinds whose later records correct earlier ones: the same file once more must not take that back, so it is known by its
# digest before it is read
CORRECTING = (
    "security_alerts", "metrics", "entra_users", "users", "sensitivity_labels", "information_types", "cloud_apps",
)  # fmt: skip
