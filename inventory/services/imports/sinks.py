"""What stores the chunks of each kind and counts them into the batch."""

from inventory.connectors.content import ListedAgents, MetricValues
from inventory.models import ImportBatch, User
from inventory.services.imports.agents import AgentWriter
from inventory.services.imports.metrics import MetricWriter


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
        self._writer = MetricWriter(batch)

    def store(self, content: MetricValues, batch: ImportBatch) -> int:
        result = self._writer.store(content)
        batch.unmatched += result.unmatched
        batch.duplicates += len(content.values) - result.stored
        if result.newest_at:
            batch.newest_at = max(batch.newest_at or result.newest_at, result.newest_at)
        return result.stored

    def finish(self) -> dict[str, int]:
        return {}
