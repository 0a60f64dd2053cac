"""Handing out files: those that somebody else made, for saving only; lists as CSV, with an entry of who took what."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from django.db import transaction
from django.http import FileResponse, StreamingHttpResponse

from inventory import audit_log
from inventory.web.requests import PersonRequest

# Whatever a browser does with the file all the same, it may load nothing and runs apart from everything of ours.
POLICY = "default-src 'none'; sandbox"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def attachment(file: BinaryIO, name: str) -> FileResponse:
    """The file as a download of unspecified type, read while it is sent."""
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def list_download(
    request: PersonRequest, what: str, file_name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> StreamingHttpResponse:
    """A list of a page as CSV. Who took which list, narrowed how, is in the audit log before the first row is sent."""
    with transaction.atomic():
        audit_log.record(
            actor=request.user,
            action="list.downloaded",
            summary=f"Took {what} as CSV",
            details={"list": what, "address": request.path, "asked": dict(request.GET.lists())},
        )
    return csv_download(file_name, columns, rows)


def csv_download(file_name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> StreamingHttpResponse:
    """A CSV download, written while it is sent; no cell is taken for a formula."""

    def lines() -> Iterator[str]:
        writer = csv.writer(Echo())
        yield "\ufeff" + writer.writerow(columns)
        for row in rows:
            yield writer.writerow([neutral(cell) for cell in row])

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer


def neutral(cell: object) -> object:
    """The cell, unless a spreadsheet would take it for a formula: then with an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


class Echo:
    """A file whose `write` hands the text straight on."""

    def write(self, text: str) -> str:
        return text
