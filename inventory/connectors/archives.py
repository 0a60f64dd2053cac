"""Archives of feed files: zip and gzip, also one within the other. Pure: an open file in, the members' bytes out.

Whoever sends an archive may mean harm, so everything has a bound that is met while unpacking, never taken from what the
archive says of itself: bytes in all, how many times larger than packed, members, and archives within archives.
The names of members are only ever shown.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, NamedTuple, cast

from inventory.connectors.base import MAX_NAME
from inventory.connectors.delimited import clean

MOST_MEMBERS = 1_000
MOST_NESTED = 2  # a gz in a zip is common; deeper is nobody's export
MOST_TIMES = 250  # larger than packed: audit records shrink to a twentieth, a bomb to a thousandth
_FREE = 16 * 1024**2  # bytes that may come out whatever went in: short texts that repeat shrink without end
_BLOCK = 1 << 18
_LARGEST_DIRECTORY = 4 * 1024**2  # bytes of a zip's list of contents, which is read into memory as a whole
_LARGEST_INNER = 64 * 1024**2  # an archive within the archive: it is held in memory
_END_RECORD, _END_RECORD_64, _LOCATOR = 22, 56, 20
_LARGEST_COMMENT = 1 << 16
_DAMAGED = (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError, OSError, ValueError, RuntimeError)


class ArchiveError(ValueError):
    """The archive can't or won't be unpacked. The message is for people."""


class Member(NamedTuple):
    """A file of an archive: its name for people, and its bytes; reading them raises ArchiveError at a bound."""

    name: str
    blocks: Iterator[bytes]


def is_archive(start: bytes) -> bool:
    """Whether a file that begins so is a zip or a gzip."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"))


class Unpacking:
    """The members of one archive, one after the other; each is to be read before the next one is asked for."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        self._file = file
        self._most = most_bytes
        self._packed = file.seek(0, io.SEEK_END)
        self._unpacked = 0
        self._members = 0
        file.seek(0)

    def members(self, name: str = "") -> Iterator[Member]:
        """Every file in the archive that is no archive itself. Raises ArchiveError."""
        yield from self._within(self._file, name, 1)

    def _within(self, file: BinaryIO, name: str, depth: int) -> Iterator[Member]:
        zipped = file.read(2) == b"PK"
        file.seek(0)
        try:
            yield from self._of_zip(file, depth) if zipped else self._of_gzip(file, name, depth)
        except ArchiveError:
            raise
        except NotImplementedError as problem:
            raise ArchiveError(
                "The archive is packed in a way that can't be read. Pack it as a plain zip."
            ) from problem
        except _DAMAGED as problem:
            raise ArchiveError("The archive is damaged.") from problem

    def _of_zip(self, file: BinaryIO, depth: int) -> Iterator[Member]:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            found = [one for one in archive.infolist() if not one.filename.endswith("/")]  # is_dir() wants a name
            if self._members + len(found) > MOST_MEMBERS:
                raise ArchiveError(f"The archive holds more than {MOST_MEMBERS:,} files.")
            for one in found:
                if one.flag_bits & 1:
                    raise ArchiveError("The archive is encrypted. Send it without a password.")
                with archive.open(one) as packed:
                    yield from self._member(packed, one.filename, depth)

    def _of_gzip(self, file: BinaryIO, name: str, depth: int) -> Iterator[Member]:
        with gzip.GzipFile(fileobj=file) as packed:
            yield from self._member(cast("IO[bytes]", packed), name.removesuffix(".gz") or "content", depth)

    def _member(self, packed: IO[bytes], name: str, depth: int) -> Iterator[Member]:
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise ArchiveError(f"The archive holds more than {MOST_MEMBERS:,} files.")
        blocks = self._blocks(packed)
        first = next(blocks, b"")
        shown = clean(name.replace("\\", "/").rpartition("/")[2])[:MAX_NAME] or "unnamed"
        if not is_archive(first):
            yield Member(shown, _rest(first, blocks))
            return
        if depth >= MOST_NESTED:
            raise ArchiveError(f"Archives lie in one another more than {MOST_NESTED} deep.")
        # An archive is read from its end, so the inner one needs a place; it is bounded like everything that comes out.
        with io.BytesIO() as inner:
            for block in _rest(first, blocks):
                inner.write(block)
                if inner.tell() > _LARGEST_INNER:
                    raise ArchiveError(f"An archive within the archive is larger than {_LARGEST_INNER // 1024**2} MB.")
            inner.seek(0)
            yield from self._within(inner, shown, depth + 1)

    def _blocks(self, packed: IO[bytes]) -> Iterator[bytes]:
        """What comes out, counted against the bounds."""
        while True:
            try:
                block = packed.read(_BLOCK)
            except NotImplementedError:
                raise
            except _DAMAGED as problem:
                raise ArchiveError("The archive is damaged.") from problem
            if not block:
                return
            self._unpacked += len(block)
            if self._unpacked > self._most:
                raise ArchiveError(f"The archive holds more than {self._most // 1024**2:,} MB.")
            if self._unpacked > _FREE + self._packed * MOST_TIMES:
                raise ArchiveError(
                    f"The archive unpacks to more than {MOST_TIMES} times its size: no export does that."
                )
            yield block


def _rest(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from blocks


def _check_directory(file: BinaryIO) -> None:
    """Refuse a zip whose list of contents would fill the memory, before anything reads that list."""
    size = file.seek(0, io.SEEK_END)
    reach = min(size, _LARGEST_COMMENT + _END_RECORD + _LOCATOR + _END_RECORD_64)
    file.seek(size - reach)
    tail = file.read(reach)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_RECORD:
        raise ArchiveError("The archive is damaged: its list of contents is missing.")
    sizes = [int.from_bytes(tail[at + 12 : at + 16], "little")]
    locator = tail[max(0, at - _LOCATOR) : at]
    if locator.startswith(b"PK\x06\x07"):
        # the 64-bit form stands where the locator says, or right before it, which is where some readers look
        file.seek(min(int.from_bytes(locator[8:16], "little"), size))
        before = max(0, at - _LOCATOR - _END_RECORD_64)
        records = (file.read(_END_RECORD_64), tail[before : before + _END_RECORD_64])
        wide = [int.from_bytes(one[40:48], "little") for one in records if one.startswith(b"PK\x06\x06")]
        sizes = wide or sizes
    if max(sizes) > _LARGEST_DIRECTORY:
        raise ArchiveError("The archive's list of contents is too large.")
    file.seek(0)
