"""Whatever happened to a file of any kind on its way: each of its rows is stored, a duplicate, quarantined or ignored,
and the same file again stores nothing."""

import zlib
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from inventory.connectors.registry import CONNECTORS
from inventory.models import ImportBatch, QuarantinedRow
from inventory.services.imports import import_file
from tests.inventory.feeds.files import SAMPLES
from tests.inventory.feeds.test_every_sample import COUNTS

pytestmark = pytest.mark.django_db
KINDS = sorted({kind for kind, *_ in COUNTS.values()})
ODD = [
    b"", b'"', b'""', b",", b";", b"\n", b"\r\n", b"{", b"}", b"[", b"]", b"|", b"=", b"\\", b"\x00", b"\xff",
    b"\xef\xbb\xbf", b"null", b"1e999", b"-1", b"true",
    b"9" * 30, b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00", "\u202eİß".encode(),
    b"=cmd()", b"<script>", b"x" * 400, b'"a":', b"[[[[", b"\\ud800",
]  # fmt: skip


class _TakeBackError(Exception):
    """Ends a transaction whose work was only to be counted."""


@st.composite
def harmed(draw: st.DrawFn, kind: str) -> bytes:
    """A sample of the kind of which some places are overwritten, cut out or repeated; what names its columns stands,
    because without it nobody would know the kind."""
    names = sorted(name for name, (of, *_) in COUNTS.items() if of == kind)
    raw = (SAMPLES / draw(st.sampled_from(names))).read_bytes()
    names_end = raw.find(b"\n", raw.find(b"\n") + 1 if b"#TYPE" in raw[:10] else 0)  # PowerShell writes a line before
    kept = min(len(raw), max(names_end + 1, 40))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(kept, len(raw)))
        end = min(len(raw), at + draw(st.sampled_from([0, 1, 7, 60, 500])))
        again = draw(st.integers(0, 2))
        raw = raw[:at] + draw(st.sampled_from(ODD)) + raw[at:end] * again + raw[end:]
    return raw


@pytest.fixture(autouse=True)
def _of_any_age(settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 36500


def test_no_kind_is_left_out() -> None:
    assert set(KINDS) == set(CONNECTORS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_row_is_accounted_for(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    raw = data.draw(harmed(kind))
    path = tmp_path / f"{zlib.crc32(raw)}.file"
    path.write_bytes(raw)
    with pytest.raises(_TakeBackError), transaction.atomic():
        _check(path, kind)


def _check(path: Path, kind: str) -> None:
    first, again = (import_file(actor=None, path=path, kind=kind) for _ in range(2))
    assert first.rows == first.stored + first.duplicates + first.quarantined + first.ignored
    assert first.unmatched <= first.stored
    assert QuarantinedRow.objects.filter(batch=ImportBatch.objects.earliest("pk")).count() == first.quarantined
    assert (again.stored, again.unmatched) == (0, 0)
    assert again.duplicates == first.stored + first.duplicates
    assert (again.rows, again.quarantined, again.ignored) == (first.rows, first.quarantined, first.ignored)
    raise _TakeBackError
