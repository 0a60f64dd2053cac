"""Drafts + register → plan: what each row would do, and what keeps it from being done. Reads, writes nothing."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from inventory.models import AIApplication, Department, Identifier, User
from inventory.services.register_import.lookups import Departments, People, folded
from inventory.services.register_import.reading import Problem, printable
from inventory.services.register_import.values import Draft, Identifiers

TEXTS = ("name", "purpose", "kind", "origin", "vendor", "lifecycle")


@dataclass(slots=True)
class Planned:
    """One row and what it does to the register."""

    draft: Draft
    values: dict[str, Any] = field(default_factory=dict)  # given cells as the model takes them
    existing: AIApplication | None = None
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)  # column → before, after; of an update
    gone: list[int] = field(default_factory=list)  # identifiers to remove
    new: Identifiers = field(default_factory=dict)  # identifiers to add

    @property
    def action(self) -> str:
        if self.existing is None:
            return "created"
        return "updated" if self.changes else "unchanged"

    def final(self, column: str) -> Any:
        return self.values.get(column, getattr(self.existing, column) if self.existing else None)


class Planner:
    """Works the drafts out against the register; `problems` and `notes` grow, `rows` holds the plan."""

    def __init__(
        self, drafts: list[Draft], departments: Departments, problems: list[Problem], notes: list[str]
    ) -> None:
        self.departments, self.problems, self.notes = departments, problems, notes
        self.people = People({d.get(column) for d in drafts for column in ("owner", "deputy")} - {""})
        self.rows = [Planned(draft) for draft in drafts]

    def run(self) -> None:
        for row in self.rows:
            self._resolve(row)
        self._find_existing()
        self._plan_identifiers()
        for row in self.rows:
            self._check_people(row)
            if row.existing is not None:
                self._compare(row)

    def _problem(self, row: Planned, column: str, problem: str, mend: str) -> None:
        self.problems.append(Problem(row.draft.line, column, problem, mend))

    def _resolve(self, row: Planned) -> None:
        """Fill `values`: texts as they are, department and people as objects."""
        draft = row.draft
        row.values = {column: draft.values[column] for column in TEXTS if column in draft.values}
        found: Department | User | Problem
        for column in ("department", "owner", "deputy"):
            text = draft.get(column)
            if not text:
                continue
            if column == "department":
                found = self.departments.find(draft.line, text)
            else:
                found = self.people.find(draft.line, column, text)
            if isinstance(found, Problem):
                self.problems.append(found)
            else:
                row.values[column] = found

    # Which application a row means

    def _find_existing(self) -> None:
        """External id, else department and name: one application for one row, one row for one application."""
        wanted_ids = {row.draft.get("external_id") for row in self.rows} - {""}
        departments = {d.pk for row in self.rows if (d := row.values.get("department")) and d.pk}
        same_name: dict[tuple[int, str], list[int]] = defaultdict(list)
        names = AIApplication.objects.filter(department__in=departments).values_list("pk", "department_id", "name")
        for pk, department, name in names.iterator(chunk_size=20_000):
            same_name[department, folded(name)].append(pk)
        by_name = [pk for row in self.rows if (key := self._name_key(row)) for pk in same_name.get(key, ())]  # type: ignore[call-overload]
        locked = (
            AIApplication.objects.select_for_update(of=("self",))
            .select_related("department", "owner", "deputy")
            .filter(Q(external_id__in=wanted_ids) | Q(pk__in=by_name))
        )
        by_id = {application.pk: application for application in locked.order_by("pk")}
        by_external_id = {application.external_id: application for application in by_id.values()}
        for row in self.rows:
            if external_id := row.draft.get("external_id"):
                self._take_by_external_id(row, by_external_id.get(external_id))
                self._note_same_name(row, [by_id[pk] for pk in same_name.get(self._name_key(row), ())])  # type: ignore[arg-type]
            else:
                self._take_by_name(row, [by_id[pk] for pk in same_name.get(self._name_key(row), ())])  # type: ignore[arg-type]
        self._refuse_doubles()

    @staticmethod
    def _name_key(row: Planned) -> tuple[int | str, str] | None:
        department, name = row.values.get("department"), row.values.get("name")
        return (department.pk or f"new {department.key}", folded(name)) if department and name else None

    def _take_by_external_id(self, row: Planned, found: AIApplication | None) -> None:
        if found is None:
            return
        shown = printable(found.external_id)
        if not self.departments.sees(found.department_id):
            self._problem(row, "external_id", f"“{shown}” belongs to another application.", "Choose another one.")
        elif not self.departments.edits(found.department_id):
            problem = f"You don't have the right to change “{shown}” in {printable(found.department.name)}."
            self._problem(row, "external_id", problem, "Leave the row out, or ask its team.")
        else:
            row.existing = found

    def _take_by_name(self, row: Planned, found: list[AIApplication]) -> None:
        if len(found) > 1:
            ids = ", ".join(printable(a.external_id) for a in found[:5])
            problem = f"{len(found)} applications of this department are called “{printable(row.values['name'])}”."
            self._problem(row, "name", problem, f"Say which one in the column external_id: {ids}.")
        elif found:
            row.existing = found[0]

    def _note_same_name(self, row: Planned, found: list[AIApplication]) -> None:
        if row.existing is None and found:
            self.notes.append(
                f"line {row.draft.line}: {printable(found[0].external_id)} of the same department is called"
                f" “{printable(found[0].name)}” as well. Is it the same application?"
            )

    def _refuse_doubles(self) -> None:
        first: dict[Any, int] = {}
        named: dict[Any, int] = {}
        for row in self.rows:  # those with an external id first decide what a name in a department stands for
            if row.draft.get("external_id"):
                named.setdefault(self._name_key(row), row.draft.line)
        for row in self.rows:
            external_id, name = row.draft.get("external_id"), self._name_key(row)
            key = (
                ("id", row.existing.pk)
                if row.existing
                else ("external id", external_id)
                if external_id
                else ("name", name)
            )
            if key == ("name", None):
                continue
            line = first.setdefault(key, row.draft.line)
            if line == row.draft.line and not external_id:
                line = named.get(name, line)
            if line != row.draft.line:
                column = "external_id" if external_id else "name"
                mend = "Keep one of the two rows, or give each its own external id."
                self._problem(row, column, f"The same application stands in line {line}.", mend)

    # Identifiers: each belongs to one application, after the whole file is in

    def _plan_identifiers(self) -> None:
        replaced = {row.existing.pk: row for row in self.rows if row.existing and row.draft.identifiers is not None}
        values = {value for row in self.rows for _, value in row.draft.identifiers or ()}
        held = Identifier.objects.filter(Q(application__in=list(replaced)) | Q(folded__in=values))
        holders: dict[tuple[str, str], Identifier] = {}
        for identifier in held.select_related("application"):
            key = (identifier.kind, identifier.folded)
            owner_row = replaced.get(identifier.application_id)
            if owner_row is None or key in (owner_row.draft.identifiers or ()):
                holders[key] = identifier
            else:
                owner_row.gone.append(identifier.pk)  # so another row of this file may take it
        self._share_out(holders)

    def _share_out(self, holders: dict[tuple[str, str], Identifier]) -> None:
        lines: dict[tuple[str, str], int] = {}
        for row in self.rows:
            for key, value in (row.draft.identifiers or {}).items():
                holder, line = holders.get(key), lines.setdefault(key, row.draft.line)
                if line != row.draft.line:
                    problem = f"“{key[0]}:{printable(value)}” stands in line {line} as well."
                    self._problem(row, "identifiers", problem, "An identifier belongs to one application: keep one.")
                elif holder is None:
                    row.new[key] = value
                elif row.existing is None or holder.application_id != row.existing.pk:
                    self._report_taken(row, holder, value)

    def _report_taken(self, row: Planned, holder: Identifier, value: str) -> None:
        seen = self.departments.sees(holder.application.department_id)
        owner = (
            printable(f"{holder.application.external_id} {holder.application.name}") if seen else "another application"
        )
        problem = f"“{holder.kind}:{printable(value)}” already belongs to {owner}."
        self._problem(row, "identifiers", problem, "Remove it here or there.")

    # What changes

    def _compare(self, row: Planned) -> None:
        if row.new or row.gone:
            row.changes["identifiers"] = (
                f"{len(row.gone)} removed" if row.gone else "",
                f"{len(row.new)} added" if row.new else "",
            )
        for column, after in row.values.items():
            before = getattr(row.existing, column)
            if before != after:
                row.changes[column] = (_shown(before), _shown(after))

    def _check_people(self, row: Planned) -> None:
        owner, deputy = row.final("owner"), row.final("deputy")
        if (owner is not None and owner is deputy) or (owner and deputy and owner.pk and owner.pk == deputy.pk):
            self._problem(row, "deputy", "Owner and deputy are the same person.", "Name another deputy or none.")


def _shown(value: Any) -> str:
    if isinstance(value, Department):
        return value.name
    return value.username if isinstance(value, User) else str(value or "")
