"""`{% load governance %}`: parts of tables with hundreds of cells, each with its link: written here, since the template
language takes many times as long over each."""

from collections.abc import Iterable
from urllib.parse import quote

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.selectors.compliance import DepartmentCoverage, Duties, FrameworkFigures, RequirementFigures
from governance.selectors.departments import TreeRow
from governance.selectors.rollups import Risk
from governance.web.context import Group
from governance.web.links import address
from inventory.templatetags.components import escaped
from inventory.templatetags.hub import count, delta, icon, percent, risk_number, score, share_bar, share_range
from inventory.templatetags.links import url_with
from risk.choices import Band

register = template.Library()


@register.simple_tag
def nav_links(group: Group) -> SafeString:
    """The entries of a group of the navigation, which stands on every page."""
    rows = []
    for one in group.items:
        here = ' class="is-active" aria-current="page"' if one.active else ""
        rows.append(
            f'<li><a href="{escaped(one.url)}"{here}>{icon(one.icon)}<span>{escaped(one.label)}</span></a></li>'
        )
    return mark_safe("".join(rows))  # noqa: S308 - every part is escaped


@register.simple_tag
def tree_rows(rows: Iterable[TreeRow], query: str) -> SafeString:
    """The rows of the tree of departments; `query`, which links carry on: the day, or the applications chosen."""
    applications, more = address("risk:applications"), f"&{query}" if query else ""
    parts: list[str] = []
    for row in rows:
        department, head = row.department, row.department.head
        own = escaped(address("governance:department", department.key) + (f"?{query}" if query else ""))
        note = f'<span class="cell-note">{escaped(str(head))}</span>' if head else ""
        name = f'<a href="{own}">{escaped(department.name)}</a>{note}'
        live = f"{applications}?department={quote(department.key)}&lifecycle=live{more}"
        cells = _risk_cells(row.risk, row.change, live)
        parts.append(f'<tr><th scope="row" class="tree-{row.indent}">{name}</th>{cells}</tr>')
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped


def _risk_cells(risk: Risk | None, change: float | None, live: str) -> str:
    if risk is None:
        return f'<td colspan="8" class="text-none">{escaped(_("no live application"))}</td>'
    bands = [part for band in reversed(Band.values) for part in (band, getattr(risk, f"{band}_count"))]
    figures = (risk_number(risk.index, risk.band), score(risk.worst), score(risk.tail), score(risk.mean))
    return (
        "".join(f'<td class="num">{escaped(figure)}</td>' for figure in figures)
        + f'<td>{share_bar(*bands)}</td><td class="num"><a href="{escaped(live)}">{escaped(count(risk.count))}</a></td>'
        + f'<td class="num" title="{escaped(_("Share of exposure"))}">{escaped(percent(risk.high_share))}</td>'
        + f'<td class="num">{escaped(delta(change))}</td>'
    )


@register.simple_tag
def coverage_cells(row: DepartmentCoverage, here: str) -> SafeString:
    """The coverage of a department in each framework, leading to the framework's page with the query `here`."""
    cells = (
        f'<td class="num"><a href="{escaped(_page(one) + here)}">{escaped(share_range(one.low, one.high))}</a></td>'
        for one in row.figures
    )
    return mark_safe("".join(cells))  # noqa: S308 - every part is escaped


@register.simple_tag(takes_context=True)
def state_cells(context: Context, one: FrameworkFigures, own: str | None = None) -> SafeString:
    """The pairs of a framework in each state and those overdue, leading to their list. `own`: the query that leads to
    the page alone, where there is no list."""

    def cell(number: int, **changes: object) -> str:
        to = f"{url_with(context, **changes)}#pairs" if own is None else own
        return f'<td class="num"><a href="{escaped(_page(one) + to)}">{escaped(count(number))}</a></td>'

    cells = [
        *(cell(number, state=state) for state, number in one.numbers),
        cell(one.overdue, overdue="yes", state=None),
    ]
    return mark_safe("".join(cells))  # noqa: S308 - every part is escaped


@register.simple_tag(takes_context=True)
def requirement_cells(context: Context, one: RequirementFigures) -> SafeString:
    """The live applications of a requirement in each state, leading to their list."""
    here = escaped(url_with(context, state=None, requirement=one.requirement.id, overdue=None))
    cells = (
        f'<td class="num"><a href="{here}&amp;state={state}#pairs">{escaped(count(number))}</a></td>'
        if number
        else '<td class="num"><span class="text-none">0</span></td>'
        for state, number in one.numbers
    )
    return mark_safe("".join(cells))  # noqa: S308 - every part is escaped


@register.simple_tag(takes_context=True)
def duty_items(context: Context, duty: Duties) -> SafeString:
    """The requirements of a duty as the items of a list, each with the applications it will apply to."""
    rows = []
    for requirement, number in duty.requirements:
        words = ngettext("%(number_shown)s application", "%(number_shown)s applications", number)
        to = f"{_page(duty)}{url_with(context, state='upcoming', requirement=requirement.id, overdue=None)}#pairs"
        rows.append(
            f'<li class="split"><span>{escaped(requirement.id)} {escaped(requirement.title)}</span> '
            f'<a href="{escaped(to)}">{escaped(words % {"number_shown": count(number)})}</a></li>'
        )
    return mark_safe("".join(rows))  # noqa: S308 - every part is escaped


def _page(one: FrameworkFigures | Duties) -> str:
    return address("governance:framework", one.framework.id)
