"""What a file is, told by its content alone: names and declared types come from whoever sends the file.

An allow-list. What a browser or a shell would run (HTML, SVG, scripts, programs), and documents with macros, are not on
it. Memory stays bounded whatever the file says of itself.
"""

import codecs
import zipfile
from pathlib import Path
from typing import BinaryIO

from risk.choices import FileKind

BLOCK = 64 * 1024
_SIGNATURES = {b"%PDF-": FileKind.PDF, b"\x89PNG\r\n\x1a\n": FileKind.PNG, b"\xff\xd8\xff": FileKind.JPEG}
_ZIP = b"PK\x03\x04"
_OFFICE = {"word/": FileKind.DOCX, "xl/": FileKind.XLSX, "ppt/": FileKind.PPTX}
_OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": FileKind.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": FileKind.ODS,
    b"application/vnd.oasis.opendocument.presentation": FileKind.ODP,
}
_MACROS = ("vbaproject.bin", "basic/", "scripts/", "activex/")
_LARGEST_DIRECTORY = 1024 * 1024  # bytes of an archive's list of contents: some ten thousand entries
_LARGEST_COMMENT = 65_535
_END_RECORD = 22  # bytes of the record that ends an archive
# Control characters that no text of ours needs; tab, line feed, form feed and return stay
_NOT_TEXT = frozenset(range(32)) - {9, 10, 12, 13} | {127}

ALLOWED = "PDF, PNG, JPEG, plain text, CSV or JSON (UTF-8), and Word, Excel, PowerPoint or OpenDocument without macros"


class RefusedError(ValueError):
    """The content is of no kind that is taken; the message says why."""


def recognise(path: Path) -> FileKind:
    """The kind of a file. Raises RefusedError."""
    with path.open("rb") as file:
        start = file.read(16)
        if not start:
            raise RefusedError("The file is empty.")
        for signature, kind in _SIGNATURES.items():
            if start.startswith(signature):
                return kind
        file.seek(0)
        return _office(file) if start.startswith(_ZIP) else _text(file)


def _text(file: BinaryIO) -> FileKind:
    """Plain text, if every byte is; markup and scripts are not plain."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    beginning = ""
    try:
        while block := file.read(BLOCK):
            if not _NOT_TEXT.isdisjoint(block):
                raise RefusedError(f"This kind of file is not taken. Send {ALLOWED}.")
            text = decode(block)
            if not beginning:
                beginning = text.lstrip()[:2]
        decode(b"", True)
    except UnicodeDecodeError as error:
        raise RefusedError(f"This is neither UTF-8 text nor a kind that is taken. Send {ALLOWED}.") from error
    if not beginning:
        raise RefusedError("The file holds nothing but white space.")
    if beginning.startswith("<"):
        raise RefusedError("HTML, SVG and XML are not taken, since a browser may run them. Send a PDF of it.")
    if beginning == "#!":
        raise RefusedError("Scripts are not taken. Send a PDF or a text about it.")
    return FileKind.TEXT


def _office(file: BinaryIO) -> FileKind:
    """A document that is an archive: told by the names of its parts, none of which is unpacked."""
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            kind = _of_parts(names) or _of_mimetype(archive, names)
    # what zipfile raises for damaged, encrypted and oddly packed archives; NotImplementedError: an unknown compression
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        raise RefusedError("This archive is damaged.") from error
    if kind is None:
        raise RefusedError(f"Archives are not taken. Send {ALLOWED}.")
    if any(part in name.lower() for name in names for part in _MACROS):
        raise RefusedError("Documents with macros are not taken. Save it without macros, or as PDF.")
    return kind


def _check_directory(file: BinaryIO) -> None:
    """Refuse an archive whose list of contents would fill the memory, before anything reads that list."""
    size = file.seek(0, 2)
    reach = min(size, _LARGEST_COMMENT + _END_RECORD + 20)  # with the locator of the 64-bit form before it
    file.seek(size - reach)
    tail = file.read(reach)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_RECORD:
        raise RefusedError("This archive is damaged.")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory > _LARGEST_DIRECTORY or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise RefusedError("This archive has too many parts for a document.")
    file.seek(0)


def _of_parts(names: list[str]) -> FileKind | None:
    if "[Content_Types].xml" not in names:
        return None
    found = {kind for folder, kind in _OFFICE.items() if any(name.startswith(folder) for name in names)}
    return found.pop() if len(found) == 1 else None


def _of_mimetype(archive: zipfile.ZipFile, names: list[str]) -> FileKind | None:
    """OpenDocument: the first part, stored as it is, says what it is."""
    if not names or names[0] != "mimetype" or archive.getinfo("mimetype").compress_type != zipfile.ZIP_STORED:
        return None
    with archive.open("mimetype") as part:
        return _OPEN_DOCUMENT.get(part.read(100))
