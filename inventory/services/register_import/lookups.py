"""What a register file refers to by name: departments and people. Each is read with a constant number of queries."""

import difflib
from collections import defaultdict
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.text import slugify

from inventory import access
from inventory.access import Permission
from inventory.models import Department, User
from inventory.services.departments import RESERVED_KEYS
from inventory.services.register_import.reading import Problem, printable


def folded(text: str) -> str:
    """How names are compared (contracts: trimmed and case-folded)."""
    return text.strip().casefold()


class Departments:
    """Finds departments by key, name or alias among those that the actor may see, and makes missing ones if allowed."""

    def __init__(self, actor: User | None, create: bool) -> None:
        everything = list(Department.objects.all())
        self._names = {d.pk: d.name for d in everything}
        self._visible = self._ids(actor, Permission.VIEW)
        self._editable = self._ids(actor, Permission.EDIT)
        self._known = [d for d in everything if self._visible is None or d.pk in self._visible]
        self._root = next(d for d in everything if d.parent_id is None)
        self._keys = RESERVED_KEYS.union(folded(d.key) for d in everything)
        self._may_create = access.sees_everything(actor, Permission.ADMIN)
        self._fresh = len(everything) == 1
        self._create = self._may_create and (create or self._fresh)
        self._by_key = {folded(d.key): d for d in self._known}
        self._by_name: dict[str, list[Department]] = defaultdict(list)
        self._by_alias: dict[str, list[Department]] = defaultdict(list)
        for department in self._known:
            self._by_name[folded(department.name)].append(department)
            for alias in department.aliases:
                self._by_alias[folded(alias)].append(department)
        self._mends: dict[str, str] = {}
        self.new: dict[str, Department] = {}

    @staticmethod
    def _ids(actor: User | None, permission: Permission) -> set[int] | None:
        if access.sees_everything(actor, permission):
            return None
        return set(access.departments(actor, permission).values_list("pk", flat=True))

    def name(self, department_id: int) -> str:
        return self._names[department_id]

    def sees(self, department_id: int) -> bool:
        return self._visible is None or department_id in self._visible

    def edits(self, department_id: int) -> bool:
        return self._editable is None or department_id in self._editable

    def find(self, line: int, text: str) -> Department | Problem:
        """The department meant, one to be made, or what is wrong."""
        name = folded(text)
        found = (
            [self._by_key[name]] if name in self._by_key else self._by_name.get(name) or self._by_alias.get(name) or []
        )
        if len(found) > 1:
            keys = ", ".join(sorted(d.key for d in found))
            return Problem(line, "department", f"“{printable(text)}” names several departments.", f"Use a key: {keys}.")
        if not found:
            if self._create:
                return self._make(text)
            return Problem(line, "department", f"There is no department “{printable(text)}”.", self._mend(name))
        if not self.edits(found[0].pk):
            problem = f"You don't have the right to register in {printable(found[0].name)}."
            return Problem(line, "department", problem, "Leave the row out, or ask somebody of that department.")
        return found[0]

    def _make(self, text: str) -> Department:
        name = folded(text)
        if name not in self.new:
            base = slugify(text)[:56] or "department"
            key, number = base, 1
            while key in self._keys:
                number += 1
                key = f"{base}-{number}"
            self._keys |= {key}
            self.new[name] = Department(key=key, name=text.strip()[:200], parent=self._root)
        return self.new[name]

    def _mend(self, name: str) -> str:
        if self._fresh:
            return "There are no departments yet: an administrator makes them, or imports the first file."
        if name not in self._mends:
            self._mends[name] = self._nearest(name)
        return self._mends[name]

    def _nearest(self, name: str) -> str:
        choices: dict[str, str] = {}
        for department in self._known:
            if self.edits(department.pk):
                for spelling in (department.name, department.key, *department.aliases):
                    choices.setdefault(folded(spelling), department.name)
        near = dict.fromkeys(choices[match] for match in difflib.get_close_matches(name, choices, n=3, cutoff=0.6))
        if near:
            return f"Did you mean {' or '.join(near)}?"
        if self._may_create:
            return "Add it under Departments first, or let the import create departments."
        return "Use the key or the name of one of your departments."


class People:
    """Finds people by user name, e-mail or full name; an unknown one becomes a person who can't sign in."""

    def __init__(self, texts: Iterable[str]) -> None:
        forms = {form for text in texts for form in (text, text.lower(), text.casefold())}
        self._usernames: dict[str, list[User]] = defaultdict(list)
        self._emails: dict[str, list[User]] = defaultdict(list)
        self._names: dict[str, list[User]] = defaultdict(list)
        self.new: dict[str, User] = {}
        self._known: dict[int, str] | None = None
        for user in self._candidates(forms) if forms else ():
            self._usernames[folded(user.username)].append(user)
            self._emails[folded(user.email)].append(user)
            self._names[folded(user.display_name)].append(user)

    @staticmethod
    def _candidates(forms: set[str]) -> Iterable[User]:
        condition = Q()
        for field in ("username", "email", "display_name"):
            condition |= Q(**{f"{field}__in": forms}) | Q(**{f"lower_{field}__in": forms})
        lowered = {f"lower_{field}": Lower(field) for field in ("username", "email", "display_name")}
        return User.objects.alias(**lowered).filter(condition).order_by("pk")

    def find(self, line: int, column: str, text: str) -> User | Problem:
        """The person meant, one to be added, or what is wrong."""
        name = folded(text)
        for index in (self._usernames, self._emails, self._names):
            found = index.get(name, [])
            if len(found) == 1:
                return found[0]
            if found:
                names = ", ".join(sorted(u.username for u in found)[:5])
                return Problem(line, column, f"“{printable(text)}” is several people.", f"Use a user name: {names}.")
        if name not in self.new:
            self.new[name] = self._make(text)
        return self.new[name]

    def username(self, pk: int) -> str:
        """Of a person whom the register names already. All of them are read the first time one is asked for."""
        if self._known is None:
            self._known = dict(User.objects.values_list("pk", "username"))
        return self._known[pk]

    @staticmethod
    def _make(text: str) -> User:
        try:
            validate_email(text)
        except ValidationError:
            email = ""
        else:
            email = text.lower()
        user = User(
            username=text.lower() if email else text, email=email, display_name="" if email else text, is_active=False
        )
        user.set_unusable_password()
        return user
