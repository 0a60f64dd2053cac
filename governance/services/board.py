"""Making a board report: what it holds for whom, and the note of it, as of every export."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from governance.charts import tokens_from_css
from governance.exports.board import html, parts, pdf
from governance.selectors.board import Board, board, pages_of
from governance.selectors.extent import Extent
from governance.services import exports
from inventory import access
from inventory.models import User
from risk.selectors.history import first_day

NAME, TITLE = "board", "Board report"


@cache
def tokens() -> dict[str, str]:
    """The colours of the pages."""
    return tokens_from_css((settings.BASE_DIR / "static" / "css" / "tokens.css").read_text(encoding="utf-8"))


Encoder = Callable[[Board], Iterable[bytes]]
FORMATS: dict[str, tuple[str, Encoder]] = {
    "pdf": (pdf.CONTENT_TYPE, lambda found: [pdf.encode(found, tokens())]),
    "html": (html.CONTENT_TYPE, html.encode),
    "zip": (parts.CONTENT_TYPE, lambda found: parts.encode(found, tokens())),
}
IN_PARTS = {"zip"}  # formats that leave as they are made
_MOST = {"pdf": pdf.A_PART, "html": html.MOST}  # departments that one file holds


@dataclass(frozen=True)
class Size:
    """How many departments have a page in a report, and what it comes as."""

    pages: int

    @property
    def parts(self) -> int:
        return pdf.parts(self.pages)

    @property
    def most(self) -> int:
        return html.MOST


def size(extent: Extent) -> Size:
    return Size(pages_of(extent.user, extent.department, extent.day))


def fitting(*, actor: User, extent: Extent, format_name: str) -> str:
    """The format in which the report fits: PDF comes in parts where one file doesn't hold it. Raises as `check`."""
    if format_name == "pdf" and size(extent).parts > 1:
        format_name = "zip"
    check(actor=actor, extent=extent, format_name=format_name)
    return format_name


def check(*, actor: User | None, extent: Extent, format_name: str) -> None:
    """Raise PermissionDenied or NotKeptError before anything is written."""
    access.require(actor, access.Permission.EXPORT, extent.department)
    exports.check_day(extent, first_day)
    most = _MOST.get(format_name)
    if most is not None and (found := size(extent)).pages > most:
        raise exports.NotKeptError(
            f"{found.pages:,} departments have a page, and one {format_name.upper()} file holds {most}. Choose a "
            f"department, or take all of them as PDF in {found.parts} parts, in one ZIP file (--format zip)."
        )


@contextmanager
def making(*, actor: User | None, format_name: str, extent: Extent) -> Iterator[exports.Run]:
    """The report for `actor` (None: the console); its rows are its pages, one a department. Raises as `check` does."""
    check(actor=actor, extent=extent, format_name=format_name)
    _, encode = FORMATS[format_name]
    with exports.recording(actor=actor, dataset=NAME, format_name=format_name, extent=extent) as run:
        found = board(actor, extent.department, extent.day)
        run.rows, run.body = len(found.pages), encode(found)
        yield run
