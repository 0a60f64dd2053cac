"""`{% load governance %}`: parts of tables with hundreds of cells, each with its link: written here, since the template
language takes many times as long over each."""

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from governance.selectors.compliance import DepartmentCoverage, Duties, FrameworkFigures, RequirementFigures
from governance.web.context import Group
from governance.web.links import address
from inventory.templatetags.components import escaped
from inventory.templatetags.hub import count, icon, share_range
from inventory.templatetags.links import url_with

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
