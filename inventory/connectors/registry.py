"""The kinds of file we read, by name. A new connector is a line here and a folder of samples."""

import io

from inventory.connectors import cef, records
from inventory.connectors.activity_explorer import ActivityExplorer
from inventory.connectors.agents import Agents
from inventory.connectors.base import Connector, UnknownFormatError
from inventory.connectors.cloud_apps import CloudApps
from inventory.connectors.cloud_discovery import CloudDiscovery, is_squid
from inventory.connectors.delimited import as_utf8
from inventory.connectors.dictionaries import InformationTypes, SensitivityLabels
from inventory.connectors.entra_users import EntraUsers
from inventory.connectors.metrics import Metrics
from inventory.connectors.notifications import Notifications
from inventory.connectors.otel_spans import OtelSpans
from inventory.connectors.purview_audit import PurviewAudit
from inventory.connectors.security_alerts import SecurityAlerts

CONNECTORS: dict[str, Connector] = {
    connector.kind: connector
    for connector in (
        PurviewAudit(),
        ActivityExplorer(),
        EntraUsers(),
        SecurityAlerts(),
        Agents(),
        OtelSpans(),
        Metrics(),
        SensitivityLabels(),
        InformationTypes(),
        CloudApps(),
        CloudDiscovery(),
        Notifications(),
    )
}


def recognise(source: io.BufferedReader) -> Connector:
    """The connector for a file, by its header row or its first record, never by its name. Leaves the source at its
    beginning.

    Raises UnknownFormatError.
    """
    opened = as_utf8(source)
    start = opened.peek(4096)[:4096]
    if cef.is_cef(start) or is_squid(start):  # which have no header
        source.seek(0)
        return CONNECTORS[SecurityAlerts.kind if cef.is_agent(start) else CloudDiscovery.kind]
    columns = records.names(opened)
    source.seek(0)
    for connector in CONNECTORS.values():
        if connector.recognises(columns):
            return connector
    known = ", ".join(connector.title for connector in CONNECTORS.values())
    raise UnknownFormatError(f"The content fits no file we know. Known are: {known}.")
