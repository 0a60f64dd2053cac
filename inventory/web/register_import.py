"""Import of a register file: upload, preview, confirm exactly what was previewed."""

import csv
from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.models import User
from inventory.services import register_uploads
from inventory.services.register_import import COLUMNS, NEEDED, ImportResult, import_register
from inventory.web.downloads import Echo
from inventory.web.forms import ImportForm
from inventory.web.requests import PersonRequest
from inventory.web.upload_guard import takes_upload

SHOWN = 50  # rows and problems on the preview; all problems are in the download


@takes_upload(lambda: register_uploads.MOST_BYTES)
@requires(Permission.EDIT)
@require_http_methods(["GET", "POST"])
def upload(request: PersonRequest) -> HttpResponse:
    """Take a file and try it without changing anything."""
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        administers=access.sees_everything(request.user, Permission.ADMIN),
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            digest = register_uploads.keep(request.user, file.chunks())
        except register_uploads.TooLarge:
            most = register_uploads.MOST_BYTES // 1024**2
            form.add_error("file", f"The file is larger than {most} MB. Split it, or use the command import_register.")
        else:
            create = form.cleaned_data.get("create_departments", False)
            _run(request.user, digest, file.name, create, preview=True)
            return redirect("inventory:import_preview", digest)
    optional = [column for column in COLUMNS if column not in NEEDED]
    return render(request, "inventory/import.html", {"form": form, "needed": NEEDED, "optional": optional})


@requires(Permission.EDIT)
@require_GET
def preview(request: PersonRequest, digest: str) -> HttpResponse:
    """What the file would do: counts, changed rows, and every problem with its mend."""
    found = _preview(request.user, digest)
    problems = found.result["problems"]
    context = {
        "digest": digest,
        "preview": found,
        "problems": problems[:SHOWN],
        "more_problems": max(0, len(problems) - SHOWN),
        "changes": found.result["changes"][:SHOWN],
        "more_changes": max(0, found.summary["created"] + found.summary["updated"] - SHOWN),
    }
    return render(request, "inventory/import_preview.html", context)


@requires(Permission.EDIT)
@require_POST
def confirm(request: PersonRequest, digest: str) -> HttpResponse:
    """Import the previewed file, if it would still do what the preview said."""
    found = _preview(request.user, digest)
    if found.summary["errors"]:
        return redirect("inventory:import_preview", digest)
    result = _run(request.user, digest, found.file_name, found.create_departments, expected=found.summary)
    if result.problems:
        _run(request.user, digest, found.file_name, found.create_departments, preview=True)
        messages.warning(
            request, "Nothing was imported: the register has changed since the preview. This is the new one."
        )
        return redirect("inventory:import_preview", digest)
    register_uploads.forget(request.user, digest)
    messages.success(
        request,
        f"{found.file_name} is imported: {result.created} created, {result.updated} updated,"
        f" {result.unchanged} unchanged.",
    )
    return redirect("inventory:import_register")


@requires(Permission.EDIT)
@require_GET
def problems(request: PersonRequest, digest: str) -> StreamingHttpResponse:
    """All problems as CSV. No cell can begin like a formula: our own words come first in each."""
    found = _preview(request.user, digest)
    answer = StreamingHttpResponse(_problem_lines(found.result["problems"]), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="register-problems.csv"'
    return answer


def _problem_lines(found: list[dict]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff"
    yield writer.writerow(["line", "column", "problem", "mend"])
    for row in found:
        yield writer.writerow([row["line"], row["column"], f"Problem: {row['problem']}", f"Mend: {row['mend']}"])


def _preview(user: User, digest: str) -> register_uploads.Preview:
    found = register_uploads.preview(user, digest)
    if found is None or register_uploads.path(user, digest) is None:
        raise Http404("This upload is gone; files are kept for a day. Upload it again.")
    return found


def _run(
    user: User,
    digest: str,
    file_name: str,
    create_departments: bool,
    *,
    preview: bool = False,
    expected: dict[str, int] | None = None,
) -> ImportResult:
    """Import the kept file, or try it and keep what that said."""
    path = register_uploads.path(user, digest)
    if path is None:
        raise Http404("This upload is gone; files are kept for a day. Upload it again.")
    with path.open("rb") as stream:
        result = import_register(
            stream,
            actor=user,
            file_name=file_name,
            dry_run=preview,
            create_departments=create_departments,
            sha256=digest,
            expected=expected,
        )
    if preview:
        register_uploads.keep_preview(user, digest, result, file_name, create_departments)
    return result
