"""The department × principle matrix: an HTML table (templates/components/matrix.html), because the heatmap trace
needs inline styles that the content policy forbids, and a table has links, prints and is read aloud."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class MatrixColumn:
    """A principle; `url` sorts or filters by it."""

    label: str
    url: str = ""


@dataclass(frozen=True)
class MatrixCell:
    """A risk from 0 to 100, or None where there is no live application; `title` says it in words on hover."""

    value: float | None
    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class MatrixRow:
    """A department, with a short note under its name."""

    label: str
    cells: tuple[MatrixCell, ...]
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Matrix:
    """What `{% matrix matrix=… %}` shows; `caption` is read aloud, `corner` heads the names."""

    caption: str
    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    corner: str = field(default_factory=lambda: _("Department"))
