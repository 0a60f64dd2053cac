"""Evidence for tests: links, and files of every kind, honest and hostile."""

import io
import zipfile
from datetime import date, timedelta

from django.utils import timezone

from inventory.models import AIApplication, User
from risk.models import Evidence
from risk.services import evidence
from risk.services.evidence import Proof, Upload

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def proof(days: int | None = None, **given) -> Proof:
    """A link's words, valid for `days` from today (None: no end)."""
    today = timezone.localdate()
    words = {
        "kind": "test_report",
        "title": "Report of the yearly test",
        "issued": today - timedelta(days=400),
        "valid_until": None if days is None else today + timedelta(days=days),
        "link": "https://wiki.bank.example/report",
    }
    return Proof(**words | given)


def link(
    application: AIApplication, control: str = "GV-01", days: int | None = None, actor: User | None = None, **given
) -> Evidence:
    """A link as evidence."""
    return evidence.add(actor=actor, application=application, control=control, proof=proof(days, **given))


def file(
    application: AIApplication, content: bytes = PDF, name: str = "report.pdf", actor: User | None = None
) -> Evidence:
    """A file as evidence for GV-01."""
    return evidence.add(
        actor=actor, application=application, control="GV-01", proof=proof(link=""), upload=Upload(name, [content])
    )


def archive(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    """A ZIP with these parts; `first` is stored uncompressed before them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as parts:
        if first:
            parts.writestr(zipfile.ZipInfo(first[0]), first[1])
        for name in names:
            parts.writestr(name, b"<xml/>")
    return made.getvalue()


def office(folder: str = "word/", *more: str) -> bytes:
    """A Word, Excel (xl/) or PowerPoint (ppt/) document."""
    return archive("[Content_Types].xml", "_rels/.rels", f"{folder}document.xml", *more)


def open_document(kind: str = "text") -> bytes:
    """An OpenDocument file."""
    mimetype = f"application/vnd.oasis.opendocument.{kind}".encode()
    return archive("content.xml", "META-INF/manifest.xml", first=("mimetype", mimetype))


LONG_AGO = date(2025, 1, 1)
