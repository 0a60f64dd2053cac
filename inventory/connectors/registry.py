"""The kinds of file we read, by name. A new connector is a line here and a folder of samples."""

import io

from inventory.connectors.base import Connector, UnknownFormatError
from inventory.connectors.delimited import as_utf8, read_header
from inventory.connectors.entra_users import EntraUsers
from inventory.connectors.purview_audit import PurviewAudit

CONNECTORS: dict[str, Connector] = {connector.kind: connector for connector in (PurviewAudit(), EntraUsers())}


def recognise(source: io.BufferedReader) -> Connector:
    """The connector for a file, by its header row, never by its name. Leaves the source at its beginning.

    Raises UnknownFormatError.
    """
    columns = read_header(as_utf8(source)).columns
    source.seek(0)
    for connector in CONNECTORS.values():
        if connector.recognises(columns):
            return connector
    known = ", ".join(connector.title for connector in CONNECTORS.values())
    raise UnknownFormatError(f"The header row fits no file we know. Known are: {known}.")
