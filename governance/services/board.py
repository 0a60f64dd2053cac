"""Making a board report: what it holds for whom, and the note of it, as of every export."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.utils import timezone

from governance.charts import tokens_from_css
from governance.exports.board import html, pdf
from governance.selectors.board import Board, board
from governance.selectors.extent import Extent
from governance.services import exports
from inventory import access
from inventory.models import User

NAME, TITLE = "board", "Board report"


@cache
def tokens() -> dict[str, str]:
    """The colours of the pages."""
    return tokens_from_css((settings.BASE_DIR / "static" / "css" / "tokens.css").read_text(encoding="utf-8"))


def _typeset(found: Board) -> Iterable[bytes]:
    return [pdf.encode(found, tokens())]


Encoder = Callable[[Board], Iterable[bytes]]
FORMATS: dict[str, tuple[str, Encoder]] = {
    "pdf": (pdf.CONTENT_TYPE, _typeset),
    "html": (html.CONTENT_TYPE, html.encode),
}


def check(*, actor: User | None, extent: Extent) -> None:
    """Raise PermissionDenied or NotKeptError before anything is written."""
    access.require(actor, access.Permission.EXPORT, extent.department)
    if extent.day != timezone.localdate():
        raise exports.NotKeptError(
            "A board report shows today: the worst applications and the next best actions of another day are not kept. "
            "Leave the day out."
        )


@contextmanager
def making(*, actor: User | None, format_name: str, extent: Extent) -> Iterator[exports.Run]:
    """The report for `actor` (None: the console); its rows are its pages, one a department. Raises as `check` does."""
    check(actor=actor, extent=extent)
    _, encode = FORMATS[format_name]
    with exports.recording(actor=actor, dataset=NAME, format_name=format_name, extent=extent) as run:
        found = board(actor, extent.department, extent.day)
        run.rows, run.body = len(found.pages), encode(found)
        yield run
