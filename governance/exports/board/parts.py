"""A board report of more departments than one PDF holds: its parts in one ZIP file, with a list of what stands where.
Each is set when its turn comes, so memory holds one; the same figures give the same bytes."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence

from governance.exports.board import pdf, wording
from governance.selectors.board import Board

CONTENT_TYPE = "application/zip"


class _Sink:
    """Holds what was written until it is taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here: `taken` gives all there is."""

    def close(self) -> None:
        """Nothing to close."""

    def taken(self) -> bytes:
        found, self._pieces = b"".join(self._pieces), []
        return found


def encode(board: Board, tokens: Mapping[str, str]) -> Iterator[bytes]:
    """The file in pieces, one a part."""
    sink, found = _Sink(), list(pdf.in_parts(board))
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(_entry("contents.txt", board), _contents(board, found))
        yield sink.taken()
        for part in found:
            archive.writestr(_entry(_name(part), board), pdf.encode(part, tokens))
            yield sink.taken()
    yield sink.taken()


def _entry(name: str, board: Board) -> zipfile.ZipInfo:
    """Dated by the day of the figures, since no clock may change a byte; stored, as a PDF is compressed already."""
    return zipfile.ZipInfo(name, (board.day.year, board.day.month, board.day.day, 0, 0, 0))


def _name(board: Board) -> str:
    number, many = board.part or (1, 1)
    return f"board-{board.day.isoformat()}-part-{number:0{len(str(many))}d}-of-{many}.pdf"


def _contents(board: Board, found: Sequence[Board]) -> str:
    lines = [wording.title(board), f"As of {wording.day(board.day)}", *wording.notes(board)]
    for part in found:
        lines += ["", _name(part)]
        lines += [
            f"  page {number:>3}  {' / '.join(' '.join(name.split()) for name in (*page.path, page.department.name))}"
            for number, page in enumerate(part.pages, 1)
        ]
    return "\n".join(lines) + "\n"
