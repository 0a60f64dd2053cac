"""Drafts + register → plan: what each row would do, and what keeps it from being done. Reads, writes nothing."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from inventory.choices import Lifecycle
from inventory.models import AIApplication, Department, User
from inventory.services import lifecycle
from inventory.services.register_import.lookups import Departments, People, folded
from inventory.services.register_import.reading import Problem, printable
from inventory.services.register_import.values import Draft, Identifiers

TEXTS = ("name", "purpose", "kind", "origin", "vendor", "lifecycle")
OBJECTS = ("department", "owner", "deputy")
COLUMNS = (*TEXTS, *OBJECTS)


@dataclass(frozen=True, slots=True)
class Existing:
    """What the register says of an application; department and people by their ids."""

    pk: int
    external_id: str
    name: str
    purpose: str
    kind: str
    origin: str
    vendor: str
    lifecycle: str
    department: int
    owner: int | None
    deputy: int | None


@dataclass(slots=True)
class Planned:
    """One row and what it does to the register."""

    draft: Draft
    values: dict[str, Any] = field(default_factory=dict)  # given cells as the model takes them
    existing: Existing | None = None
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)  # column → before, after; of an update
    gone: list[int] = field(default_factory=list)  # identifiers to remove
    new: Identifiers = field(default_factory=dict)  # identifiers to add
    pk: int | None = None  # of the application: known from the start, or once it is created

    @property
    def action(self) -> str:
        if self.existing is None:
            return "created"
        return "updated" if self.changes else "unchanged"

    def final(self, column: str) -> Any:
        """The column's value after the import: a text, or the id of the department or person."""
        if column in self.values:
            value = self.values[column]
            return value.pk if column in OBJECTS else value
        return getattr(self.existing, column) if self.existing else None

    @property
    def name_key(self) -> tuple[int | str, str] | None:
        """Department and folded name: what stands for the application where no external id does."""
        department, name = self.values.get("department"), self.values.get("name")
        return (department.pk or f"new {department.key}", folded(name)) if department and name else None


def one_of(values: Collection[Any], sql_type: str) -> RawSQL:
    """For `__in`: one bound array instead of a placeholder for each of thousands of values."""
    return RawSQL(f"SELECT unnest(%s::{sql_type}[])", [list(values)])  # noqa: S611 - types are named in this package


class Planner:
    """Works the drafts out against the register; `problems` and `notes` grow, `rows` holds the plan."""

    def __init__(
        self, drafts: list[Draft], departments: Departments, problems: list[Problem], notes: list[str]
    ) -> None:
        self.departments, self.problems, self.notes = departments, problems, notes
        self.people = People({d.get(column) for d in drafts for column in ("owner", "deputy")} - {""})
        self.rows = [Planned(draft) for draft in drafts]

    def problem(self, row: Planned, column: str, problem: str, mend: str) -> None:
        """Note what keeps a row from being imported."""
        self.problems.append(Problem(row.draft.line, column, problem, mend))

    def resolve(self) -> None:
        """Which department, people and application each row means."""
        for row in self.rows:
            row.values = {column: row.draft.values[column] for column in TEXTS if column in row.draft.values}
            for column in OBJECTS:
                if text := row.draft.get(column):
                    self._resolve(row, column, text)
            self._check_people(row)
        self._find_existing()
        self._refuse_doubles()

    def _resolve(self, row: Planned, column: str, text: str) -> None:
        found: Department | User | Problem
        if column == "department":
            found = self.departments.find(row.draft.line, text)
        else:
            found = self.people.find(row.draft.line, column, text)
        if isinstance(found, Problem):
            self.problems.append(found)
        else:
            row.values[column] = found

    def _find_existing(self) -> None:
        """By external id, else by department and name. What is found stays locked until the import ends."""
        wanted_ids = {row.draft.get("external_id") for row in self.rows} - {""}
        departments = {d.pk for row in self.rows if (d := row.values.get("department")) and d.pk}
        namesakes: dict[Any, list[int]] = defaultdict(list)
        names = AIApplication.objects.filter(department__in=departments).values_list("pk", "department", "name")
        for pk, department, name in names.iterator(chunk_size=20_000):
            namesakes[department, folded(name)].append(pk)
        by_name = [pk for row in self.rows for pk in namesakes.get(row.name_key, ())]
        locked = AIApplication.objects.select_for_update(no_key=True).filter(
            Q(external_id__in=one_of(wanted_ids, "text")) | Q(pk__in=one_of(by_name, "bigint"))
        )
        found = [Existing(*values) for values in locked.order_by("pk").values_list("pk", "external_id", *COLUMNS)]
        by_pk = {existing.pk: existing for existing in found}
        by_external_id = {existing.external_id: existing for existing in found}
        for row in self.rows:
            same_name = [by_pk[pk] for pk in namesakes.get(row.name_key, ()) if pk in by_pk]
            if external_id := row.draft.get("external_id"):
                self._take_by_external_id(row, by_external_id.get(external_id), same_name)
            else:
                self._take_by_name(row, same_name)

    def _take_by_external_id(self, row: Planned, found: Existing | None, same_name: list[Existing]) -> None:
        if found is None:
            if same_name:
                self.notes.append(
                    f"line {row.draft.line}: {printable(same_name[0].external_id)} of the same department is called"
                    f" “{printable(same_name[0].name)}” as well. Is it the same application?"
                )
            return
        shown = printable(found.external_id)
        if not self.departments.sees(found.department):
            self.problem(row, "external_id", f"“{shown}” belongs to another application.", "Choose another one.")
        elif not self.departments.edits(found.department):
            where = printable(self.departments.name(found.department))
            problem = f"You don't have the right to change “{shown}” in {where}."
            self.problem(row, "external_id", problem, "Leave the row out, or ask its team.")
        else:
            row.existing, row.pk = found, found.pk

    def _take_by_name(self, row: Planned, same_name: list[Existing]) -> None:
        if len(same_name) > 1:
            ids = ", ".join(printable(existing.external_id) for existing in same_name[:5])
            problem = f"{len(same_name)} applications of this department are called “{printable(row.values['name'])}”."
            self.problem(row, "name", problem, f"Say which one in the column external_id: {ids}.")
        elif same_name:
            row.existing, row.pk = same_name[0], same_name[0].pk

    def _refuse_doubles(self) -> None:
        """One application, one row. A row that goes by name also may not share it with one that has an external id:
        the next run could not tell them apart."""
        first: dict[Any, int] = {}
        with_id = {row.name_key: row.draft.line for row in reversed(self.rows) if row.draft.get("external_id")}
        for row in self.rows:
            external_id = row.draft.get("external_id")
            key: Any = row.pk or external_id or row.name_key
            if key is None:
                continue
            line = first.setdefault(key, row.draft.line)
            if line == row.draft.line and not external_id:
                line = with_id.get(row.name_key, line)
            if line != row.draft.line:
                mend = "Keep one of the two rows, or give each its own external id."
                column = "external_id" if external_id else "name"
                self.problem(row, column, f"The same application stands in line {line}.", mend)

    def compare(self) -> None:
        """What each row changes of what the register has. Comes last: identifiers are compared by then."""
        for row in self.rows:
            if row.existing is None:
                continue
            if row.new or row.gone:
                removed = f"{len(row.gone)} removed" if row.gone else ""
                row.changes["identifiers"] = (removed, f"{len(row.new)} added" if row.new else "")
            for column, after in row.values.items():
                before = getattr(row.existing, column)
                if column not in OBJECTS and before != after:
                    row.changes[column] = (before, after)
                elif column in OBJECTS and (after.pk is None or before != after.pk):
                    row.changes[column] = (self._name_of(column, before), _shown(after))
        self.ask_guards()

    def ask_guards(self) -> None:
        """Any step in the life cycle is taken, but not against an objection: a file can do no more than a page."""
        moved = {row.pk: row for row in self.rows if row.pk and "lifecycle" in row.changes}
        for pk, reasons in lifecycle.objections({pk: row.values["lifecycle"] for pk, row in moved.items()}).items():
            state = Lifecycle(moved[pk].values["lifecycle"]).label
            for reason in reasons:
                self.problem(
                    moved[pk], "lifecycle", f"It can't become {state}. {reason.text}", "Leave its state, or mend that."
                )

    def _name_of(self, column: str, pk: int | None) -> str:
        if pk is None:
            return ""
        return self.departments.name(pk) if column == "department" else self.people.username(pk)

    def _check_people(self, row: Planned) -> None:
        owner, deputy = row.values.get("owner"), row.values.get("deputy")
        if owner is not None and owner == deputy:  # people still to be added are equal only to themselves
            self.problem(row, "deputy", "Owner and deputy are the same person.", "Name another deputy or none.")


def _shown(value: Department | User) -> str:
    return value.name if isinstance(value, Department) else value.username
