"""Exports: what may be taken away, and what was."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from governance.exports import html
from governance.exports.formats import FORMATS
from governance.selectors.datasets import DATASETS
from governance.selectors.exports import exports_seen_by
from governance.selectors.extent import Extent
from governance.selectors.narrowing import OVERVIEW, Filters
from governance.selectors.overview import HighRisk
from governance.services import board, exports
from governance.web.overview_page import shown_of
from inventory import access, audit_log
from inventory.access import Permission, requires
from inventory.charts.base import score
from inventory.models import User
from inventory.selectors.asked import Problem, Reader
from inventory.selectors.scope import options, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters as PageFilters
from inventory.web.filters import tell
from risk.choices import EUClass
from risk.selectors.history import first_day

ROWS_A_PAGE = 25
# What exports made are called, by the names that are kept of them
_TITLES = {
    **{name: dataset.title for name, dataset in DATASETS.items()},
    board.NAME: gettext_lazy("Board report"),
    "overview": gettext_lazy("Overview"),
}
_FORMAT_TITLES = {
    **{name: one.title.partition(" (")[0] for name, one in FORMATS.items()},
    "pdf": "PDF",
    "html": gettext_lazy("interactive HTML"),
    "zip": gettext_lazy("PDF in parts"),
}


@require_GET
@requires(Permission.EXPORT)
def export_list(request: HttpRequest) -> HttpResponse:
    """The form (filters of the page one came from stay, as far as the dataset knows them), and the exports made."""
    dataset = DATASETS.get(request.GET.get("dataset", ""), next(iter(DATASETS.values())))
    kept, problems = dataset.narrowing.read(request.GET, dataset.title)
    tell(request, [*_day_to_come(request), *problems])
    return _export_page(request, kept)


def _day_to_come(request: HttpRequest) -> list[Problem]:
    """Why the day in the address (`as_of`) can't be had: it is no day, or still to come."""
    reader, today = Reader(request.GET), timezone.localdate()
    day = reader.day("as_of")
    if day and day > today:
        reader.refuse("as_of", day.isoformat(), "is still to come")
    return reader.problems


def _export_page(request: HttpRequest, kept: Filters, refused: Sequence[str] = ()) -> HttpResponse:
    """`refused`: why what was asked for was not exported."""
    user: User = request.user  # type: ignore[assignment]
    chosen = access.departments(user).filter(key=request.GET.get("department", "")).first()
    made = Paginator(exports_seen_by(user), ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "datasets": DATASETS.values(),
        "formats": FORMATS.values(),
        "departments": options(scope_of(user, chosen)),
        "board": board.size(Extent(user, timezone.localdate(), chosen)),
        "asked": request.GET,
        "as_of": day.isoformat() if (day := Reader(request.GET).day("as_of")) else "",
        "today": timezone.localdate().isoformat(),
        "dated": [dataset.title for dataset in DATASETS.values() if dataset.dated],
        "kept": kept,
        "refused": refused,
        "titles": _TITLES,
        "format_titles": _FORMAT_TITLES,
        "made": made,
    }
    return render(request, "governance/exports.html", context, status=400 if refused else 200)


@require_GET
@requires(Permission.EXPORT)
def download(request: HttpRequest) -> HttpResponseBase:
    """The file, streamed, cut to what the person may take away. Refused before the first byte or not at all."""
    dataset = DATASETS.get(request.GET.get("dataset", ""))
    target = FORMATS.get(request.GET.get("format", "csv"))
    if dataset is None or target is None:
        raise Http404("No such dataset or format.")
    user: User = request.user  # type: ignore[assignment]
    reader = Reader(request.GET)
    key, day = reader.text("department"), reader.day("as_of")
    filters, problems = dataset.narrowing.read(request.GET, dataset.title)
    department = access.department_or_404(user, key, Permission.EXPORT) if key else None
    extent = Extent(user, day or timezone.localdate(), department, filters)
    if problems := [*reader.problems, *problems]:
        return _export_page(request, filters, [problem.refused for problem in problems])
    try:
        exports.check(actor=user, dataset=dataset, extent=extent)
    except exports.NotKeptError as error:
        return _export_page(request, filters, [str(error)])
    body = _body(lambda: exports.making(actor=user, dataset=dataset, format=target, extent=extent))
    response = StreamingHttpResponse(body, content_type=target.content_type)
    name = "-".join(part for part in (dataset.name, key, extent.day.isoformat()) if part)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{target.name}"'
    return response


@require_GET
@requires(Permission.EXPORT)
def overview_html(request: HttpRequest) -> HttpResponse:
    """The overview, filtered as the address says, of today or as of a past day, as one interactive file without any
    outside address."""
    user: User = request.user  # type: ignore[assignment]
    asked, problems = OVERVIEW.read(request.GET, "The overview")
    if problems := [*_day_to_come(request), *problems]:
        return _export_page(request, {}, [problem.refused for problem in problems])
    filters, today = PageFilters.from_query(user, request.GET), timezone.localdate()
    extent = Extent(user, Reader(request.GET).day("as_of") or today, filters.department, asked)
    try:
        exports.check_day(extent, first_day)
    except exports.NotKeptError as error:
        return _export_page(request, {}, [str(error)])
    shown = report(shown_of(scope_of(user, filters.department), filters, At(extent.day, today)))
    with exports.recording(actor=user, dataset="overview", format_name="html", extent=extent) as run:
        run.body, run.rows = html.encode(shown), shown.rows
        content = b"".join(run.chunks())
    response = HttpResponse(content, content_type=html.CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="overview-{extent.day.isoformat()}.html"'
    return response


@require_GET
@requires(Permission.EXPORT)
def board_report(request: HttpRequest) -> HttpResponseBase:
    """The board report of what one may see, or of a department and everything below it, of today or as of a past day
    (`as_of`). As PDF it comes in parts, one
    after the other, where it is too large for one file."""
    user: User = request.user  # type: ignore[assignment]
    reader = Reader(request.GET)
    key, name = reader.text("department"), reader.word("format", list(board.FORMATS)) or "pdf"
    day = reader.day("as_of") or timezone.localdate()
    reader.only(("department", "format", "as_of"), board.TITLE)
    department = access.department_or_404(user, key, Permission.EXPORT) if key else None
    if reader.problems:
        return _export_page(request, {}, [problem.refused for problem in reader.problems])
    extent = Extent(user, day, department)
    try:
        name = board.fitting(actor=user, extent=extent, format_name=name)
    except exports.NotKeptError as error:
        return _export_page(request, {}, [str(error)])
    response = _board_file(user, name, extent)
    file = "-".join(part for part in (board.NAME, key, extent.day.isoformat()) if part)
    response.headers["Content-Disposition"] = f'attachment; filename="{file}.{name}"'
    return response


def _board_file(user: User, name: str, extent: Extent) -> HttpResponseBase:
    """One file is whole before it is sent, so that an error is a page of its own; parts leave as they are made."""
    content_type, _ = board.FORMATS[name]
    if name in board.IN_PARTS:
        body = _body(lambda: board.making(actor=user, format_name=name, extent=extent))
        return StreamingHttpResponse(body, content_type=content_type)
    with board.making(actor=user, format_name=name, extent=extent) as run:
        return HttpResponse(b"".join(run.chunks()), content_type=content_type)


def report(shown: dict[str, Any]) -> html.Report:
    """What the page shows, as the file holds it."""
    only = f" · only {shown['narrowed_words']}" if shown["narrowed_words"] else ""
    coverage = (shown["coverage"].binding, shown["coverage"].voluntary)
    matrix = html.Table(
        shown["matrix"].caption,
        [shown["matrix"].corner, *(column.label for column in shown["matrix"].columns)],
        [[row.label, *(_rounded(cell.value) for cell in row.cells)] for row in shown["matrix"].rows],
    )
    highest = html.Table(
        "Highest residual risk",
        ("Application", "Department", "Low", "Risk", "High", "Change in 30 days"),
        [(one.name, one.department, *_risk_cells(one)) for one in shown["highest"]],
    )
    without = shown["not_computable"].count if "not_computable" in shown else 0  # who was left out then is not kept
    return html.Report(
        title="AI Governance Hub: overview",
        subtitle=f"{shown['scope'].title}{only} · as of {shown['day']:%-d %B %Y} · scores by method {shown['method']}"
        + (f" · {without:,} not computable, left out" if without else ""),
        tiles=[(tile.label, f"{tile.value:,}", tile.note) for tile in shown["tiles"]],
        tables=[matrix, highest],
        charts=[
            *(shown["interactions"], shown["sensitive"]),
            *coverage,
        ],
    )


def _risk_cells(one: HighRisk) -> tuple[object, ...]:
    """Low, risk, high, change; a prohibited practice is said and not counted."""
    if one.eu_class == EUClass.PROHIBITED:
        return None, "Prohibited practice", None, None
    change = None if one.change is None else round(one.change)
    return *map(_rounded, (one.low, one.point, one.high)), change


def _rounded(value: float | None) -> float | None:
    """A number still, so that its column stands as numbers do."""
    return None if value is None else float(text) if "." in (text := score(value)) else int(text)


def _body(making: Callable[[], AbstractContextManager[exports.Run]]) -> Iterator[bytes]:
    # The body is read after the middleware has put its note of the client's address away.
    address = audit_log.request_address.get()

    def chunks() -> Iterator[bytes]:
        audit_log.request_address.set(address)
        try:
            with making() as run:
                yield from run.chunks()
        finally:
            audit_log.request_address.set(None)

    return chunks()
