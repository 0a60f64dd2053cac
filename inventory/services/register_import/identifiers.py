"""Identifiers in a register file: each belongs to one application, once the whole file is in."""

from django.db.models import Q

from inventory.models import AIApplication, Identifier
from inventory.services.register_import.planning import Planned, Planner, one_of
from inventory.services.register_import.reading import printable

Key = tuple[str, str]  # kind, folded value


def plan_identifiers(planner: Planner) -> None:
    """Fill `new` and `gone` of each row with an `identifiers` cell: the cell is the application's whole set.

    A row may take what another row of the same file gives up.
    """
    replaced = {row.pk: row for row in planner.rows if row.pk and row.draft.identifiers is not None}
    values = {value for row in planner.rows for _, value in row.draft.identifiers or ()}
    held = Identifier.objects.filter(
        Q(application__in=one_of(list(replaced), "bigint")) | Q(folded__in=one_of(values, "text"))
    )
    holders: dict[Key, int] = {}
    for pk, kind, value, application in held.values_list("pk", "kind", "folded", "application"):
        holder = replaced.get(application)
        if holder is None or (kind, value) in (holder.draft.identifiers or ()):
            holders[kind, value] = application
        else:
            holder.gone.append(pk)
    _share_out(planner, holders)


def _share_out(planner: Planner, holders: dict[Key, int]) -> None:
    lines: dict[Key, int] = {}
    taken: list[tuple[Planned, Key, int]] = []
    for row in planner.rows:
        for key, value in (row.draft.identifiers or {}).items():
            holder, line = holders.get(key), lines.setdefault(key, row.draft.line)
            if line != row.draft.line:
                problem = f"“{key[0]}:{printable(value)}” stands in line {line} as well."
                planner.problem(row, "identifiers", problem, "An identifier belongs to one application: keep one.")
            elif holder is None:
                row.new[key] = value
            elif holder != row.pk:
                taken.append((row, key, holder))
    if taken:
        _report(planner, taken)


def _report(planner: Planner, taken: list[tuple[Planned, Key, int]]) -> None:
    """Each names who holds the identifier, unless that is out of the actor's sight."""
    found = AIApplication.objects.filter(pk__in=one_of({holder for *_, holder in taken}, "bigint"))
    names = {
        pk: printable(f"{external_id} {name}") if planner.departments.sees(department) else "another application"
        for pk, external_id, name, department in found.values_list("pk", "external_id", "name", "department")
    }
    for row, key, holder in taken:
        value = printable((row.draft.identifiers or {})[key])
        problem = f"“{key[0]}:{value}” already belongs to {names[holder]}."
        planner.problem(row, "identifiers", problem, "Remove it here or there.")
