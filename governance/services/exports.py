"""Making an export: what leaves, for whom, and the note of it. Page and command go through here."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.exports.formats import Format
from governance.models import Export
from governance.selectors.datasets import DATASETS
from governance.selectors.department_rows import departments_in
from governance.selectors.extent import Dataset, Extent
from inventory import access, audit_log
from inventory.models import Department, User


class NotKeptError(ValueError):
    """The dataset can't be given as of the day asked for; the message says what can."""


@dataclass
class Run:
    """An export under way: what has left so far."""

    export: Export
    rows: int = 0
    size: int = 0
    body: Iterable[bytes] = ()

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256()

    def chunks(self) -> Iterator[bytes]:
        """The bytes to hand over, once; each is counted and hashed as it leaves."""
        for chunk in self.body:
            self._hash.update(chunk)
            self.size += len(chunk)
            yield chunk

    def counted(self, rows: Iterable[tuple]) -> Iterator[tuple]:
        for row in rows:
            self.rows += 1
            yield row

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def check(*, actor: User | None, dataset: Dataset, extent: Extent) -> None:
    """Raise PermissionDenied or NotKeptError before anything is written or sent."""
    access.require(actor, access.Permission.EXPORT, extent.department)
    if extent.past and not dataset.dated:
        kept = ", ".join(one.title for one in DATASETS.values() if one.dated)
        raise NotKeptError(
            f"{dataset.title}: only today's can be exported, since earlier days are not kept. Leave the day out. "
            f"Kept by day are: {kept}."
        )
    check_day(extent, dataset.first)
    if extent.past and (why := dataset.unanswerable(extent.filters, extent.day)):
        raise NotKeptError(why.refused)


def check_day(extent: Extent, oldest: Callable[[QuerySet[Department]], date | None]) -> None:
    """Raise NotKeptError for a day that is still to come, or before the first (`oldest`) of the departments."""
    if extent.day > timezone.localdate():
        raise NotKeptError(f"{extent.day} lies ahead. Leave the day out to get the figures of now.")
    if extent.past:
        first = oldest(departments_in(extent))
        if first is None or extent.day < first:
            since = f"of {first}" if first else "which are still to come"
            raise NotKeptError(f"{extent.day} is before the first figures, {since}.")


@contextmanager
def making(*, actor: User | None, dataset: Dataset, format: Format, extent: Extent) -> Iterator[Run]:  # noqa: A002
    """An export of `dataset` for `actor` (None: the console); its `chunks` are read inside the `with`.

    Raises as `check` does; what is noted of it: `recording`.
    """
    check(actor=actor, dataset=dataset, extent=extent)
    with recording(actor=actor, dataset=dataset.name, format_name=format.name, extent=extent) as run:
        run.body = format.encode(dataset.columns, run.counted(dataset.rows(extent)))
        yield run


@contextmanager
def recording(*, actor: User | None, dataset: str, format_name: str, extent: Extent) -> Iterator[Run]:
    """Note an export: an `Export` row before the first byte leaves, and one audit entry afterwards.

    Leaving the `with` normally completes it. An error, or a client that hangs up, leaves the row unfinished, with what
    had left by then; the audit entry says so. It names who, what, which filters, the number of rows and the SHA-256 of
    the bytes handed over.
    """
    access.require(actor, access.Permission.EXPORT, extent.department)
    run = Run(
        Export.objects.create(
            dataset=dataset,
            format=format_name,
            department=extent.department,
            filters=extent.filters,
            as_of=extent.day,
            made_by=actor,
        )
    )
    complete = False
    try:
        yield run
        complete = True
    finally:
        _finish(run, actor=actor, complete=complete)


@transaction.atomic
def _finish(run: Run, *, actor: User | None, complete: bool) -> None:
    """Complete the export's row and write its audit entry."""
    export = run.export
    export.rows, export.size, export.sha256 = run.rows, run.size, run.sha256
    fields = {"rows": run.rows, "size": run.size, "sha256": run.sha256}
    Export.objects.filter(pk=export.pk).update(**fields, finished_at=timezone.now() if complete else None)
    audit_log.record(
        actor=actor,
        action="export.made" if complete else "export.broken_off",
        obj=export,
        department=export.department,
        summary=f"{export.dataset} as {export.format}, {run.rows} rows",
        details={
            "dataset": export.dataset,
            "format": export.format,
            "department": export.department.key if export.department else None,
            "filters": export.filters,
            "as_of": export.as_of.isoformat(),
            **fields,
        },
    )
