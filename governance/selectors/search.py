"""The search over everything: what a person may see, by kind of thing, best first.

Each group is cut before it is counted, so that neither a total nor a page tells of things out of sight, and a common
word costs no more than a rare one. The same number of queries whatever is found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert, User
from inventory.selectors.register import resembling
from risk.method import load_method
from risk.scoring.method import Control, Requirement

SHORTEST = 2  # characters
MOST_WORDS = 6
IN_A_BOX, ON_A_PAGE = 5, 25
_ANYWHERE = ("name", "purpose", "vendor", "external_id")


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `key`: what its address is made of."""

    title: str
    note: str
    key: tuple[str, ...]
    band: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind, best first; `more`: whether there are others. `guessed`: nothing holds the words themselves,
    these resemble them."""

    kind: str
    hits: Sequence[Hit]
    more: bool = False
    guessed: bool = False


def search(user: User, text: str, most: int = IN_A_BOX) -> list[Group]:
    """What is found, by kind; empty for under SHORTEST characters. Every word has to occur, in any order and case."""
    text = " ".join(text.replace("\x00", "").split())
    if len(text) < SHORTEST:
        return []
    words = text.split()[:MOST_WORDS]
    groups = (
        _applications(user, text, words, most),
        _departments(user, text, words, most),
        _people(user, words, most),
        _alerts(user, words, most),
        _group("requirements", _requirements(text, words), most),
        _group("controls", _controls(text, words), most),
    )
    return [group for group in groups if group.hits]


def _group(kind: str, hits: Sequence[Hit], most: int) -> Group:
    return Group(kind, hits[:most], len(hits) > most)


def _all_in(words: Iterable[str], *fields: str) -> Q:
    """Each of the words in one field or another."""
    condition = Q()
    for word in words:
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__icontains": word})
        condition &= one
    return condition


def _applications(user: User, text: str, words: Sequence[str], most: int) -> Group:
    """By name or number itself, by how the name begins, by words of the name, by words anywhere; within each by name.
    Where nothing fits, those whose names resemble the words."""
    seen = access.applications(user)
    itself, begins, named = Q(name__iexact=text), Q(name__istartswith=text), _all_in(words, "name")
    # None holds what a tier before it does, but for a number that is the text itself
    tiers = (
        itself | Q(external_id__iexact=text),
        begins & ~itself,
        named & ~begins,
        _all_in(words, *_ANYWHERE) & ~named,
    )
    first, *others = (
        # By name: a common word is read off the index in this order, a rare one off the trigrams
        seen.filter(tier).order_by("name", "pk").annotate(tier=Value(place)).values_list("pk", "tier")[: most + 2]
        for place, tier in enumerate(tiers)
    )
    # Read one after another: words anywhere, the dearest to look for, only as long as names leave room
    rows = sorted(first.union(*others, all=True)[: most + 2], key=_tier)
    found: list[int] = list(dict.fromkeys(pk for pk, _ in rows))
    if not found:
        alike = resembling(user, text)[:most]
        hits = [Hit(one.name, f"{one.external_id} · {one.department}", (str(one.pk),)) for one in alike]
        return Group("applications", hits, guessed=True)
    return _group("applications", _named(found[: most + 1]), most)


def _tier(row: tuple[int, int]) -> int:
    return row[1]  # sorting is stable: within a tier the order by name stays


def _named(ids: Sequence[int]) -> list[Hit]:
    rows = AIApplication.objects.filter(pk__in=ids).order_by()
    values = rows.values_list("pk", "name", "external_id", "department__name", "score__band", "score__eu_class")
    whole = {
        pk: Hit(name, f"{number} · {department}", (str(pk),), "" if eu_class == "prohibited" else band or "")
        for pk, name, number, department, band, eu_class in values
    }
    return [whole[pk] for pk in ids if pk in whole]


def _departments(user: User, text: str, words: Sequence[str], most: int) -> Group:
    alias = Q(aliases__contains=[text.casefold()])
    found = access.departments(user).filter(_all_in(words, "name", "key") | alias).order_by("name", "pk")
    hits = [Hit(name, key, (key,)) for key, name in found.values_list("key", "name")[: most + 1]]
    return _group("departments", hits, most)


def _people(user: User, words: Sequence[str], most: int) -> Group:
    """Everybody for who administers people; else the owners of applications in sight, who are named there anyway."""
    administers = access.sees_everything(user, Permission.ADMIN)
    found: QuerySet[User] = User.objects.filter(_all_in(words, "display_name", "username"))
    if not administers:
        found = found.filter(Exists(access.applications(user).order_by().filter(owner=OuterRef("pk"))))
    rows = found.order_by("display_name", "username").values_list("pk", "username", "display_name")[: most + 1]
    hits = [Hit(shown or name, name, (str(pk) if administers else "", name)) for pk, name, shown in rows]
    return _group("people", hits, most)


def _alerts(user: User, words: Sequence[str], most: int) -> Group:
    found: QuerySet[Alert, Any] = access.alerts(user).filter(_all_in(words, "title", "resource", "external_id"))
    rows = found.order_by("-at", "-id").values_list("pk", "title", "severity", "state", "at", "application__name")[
        : most + 1
    ]
    hits = [
        Hit(
            title,
            " · ".join(
                str(part) for part in (Severity(severity).label, AlertState(state).label, _day(at), about) if part
            ),
            (str(pk),),
        )
        for pk, title, severity, state, at, about in rows
    ]
    return _group("alerts", hits, most)


def _ranked(found: Iterable[tuple[Hit, str, str]], text: str, words: Sequence[str]) -> list[Hit]:
    """(hit, its name, all of its text): by the name itself, its beginning, words of the name, words anywhere."""
    text, parts = text.casefold(), [word.casefold() for word in words]
    ranked: list[tuple[int, Hit]] = []
    for hit, name, whole in found:
        name, whole = name.casefold(), whole.casefold()
        if all(part in whole for part in parts):
            in_name = all(part in name for part in parts)
            ranked.append((0 if name == text else 1 if name.startswith(text) else 2 if in_name else 3, hit))
    return [hit for _, hit in sorted(ranked, key=lambda pair: pair[0])]


def _controls(text: str, words: Sequence[str]) -> list[Hit]:
    def hit(one: Control) -> tuple[Hit, str, str]:
        name = f"{one.id} {one.title}"
        return Hit(name, one.question, (one.id,)), name, f"{name} {one.question}"

    return _ranked(map(hit, load_method().controls.values()), text, words)


def _requirements(text: str, words: Sequence[str]) -> list[Hit]:
    known = load_method().frameworks

    def hit(one: Requirement) -> tuple[Hit, str, str]:
        name, framework = f"{one.id} {one.title}", known[one.framework].name
        return Hit(name, framework, (one.framework, one.id)), name, f"{name} {one.text} {framework}"

    return _ranked((hit(one) for framework in known.values() for one in framework.requirements.values()), text, words)


def _day(at: datetime) -> str:
    """The day of a moment where the organisation is."""
    return f"{timezone.localtime(at):%-d %b %Y}"
