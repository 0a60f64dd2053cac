"""The list of AI applications: narrowed, sorted and cut in SQL, whatever the size of the register."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, ExpressionWrapper, F, OrderBy, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from inventory import access
from inventory.access import Permission
from inventory.choices import ApplicationKind
from inventory.models import AIApplication, Department, User
from inventory.selectors.asked import Reader
from risk.choices import OVERALL, Principle
from risk.method import load_method
from risk.models import CurrentScore

ROWS_A_PAGE = 25
LITTLE = 16_000  # applications: a few hundredths of a second to sort
ROWS_A_CHUNK = 1000
POINTS = tuple(f"{low}-{low + 5}" for low in range(0, 100, 5))  # the filter words for steps of overall risk
OPEN_CLASS = "open"  # the filter word for applications whose class is not decided
RISK = "risk"
OF_ITSELF = ("kind", "lifecycle", "band", "class", "owner")  # parameters of an address, of the application alone
NARROWED_BY = (*OF_ITSELF, "q", "below")
_COLUMNS = {
    "name": "name",
    "department": "department__name",
    "kind": "kind",
    "lifecycle": "lifecycle",
    "class": "score__eu_class",
    "change": "score__change_30d",
    "owner": "owner__display_name",
    "review": "next_review",
    "updated": "updated_at",
    **{principle: f"score__{principle}_point" for principle in (OVERALL, *Principle.values)},
}
SORTS = (RISK, *_COLUMNS)
_MAY_BE_NULL = {_COLUMNS[word] for word in ("class", "change", "owner", "review")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which applications, and in what order. Empty: no restriction. `principle`: whose risk is shown and sorted by."""

    department: Department | None = None
    kinds: Sequence[str] = ()
    lifecycles: Sequence[str] = ()
    bands: Sequence[str] = ()
    classes: Sequence[str] = ()
    owner: str = ""
    q: str = ""
    principle: str = OVERALL
    sort: str = ""
    points: str = ""  # of POINTS
    among: Sequence[int] | None = None  # of a past day: only these
    place: Department | None = None  # only what lies directly in it, not in those below


@dataclass(frozen=True, slots=True)
class Row:
    """One application of the list with the risk asked for; without figures while it waits for a score."""

    id: int
    external_id: str
    name: str
    kind: str
    department: str
    lifecycle: str
    owner: str  # empty where there is none
    next_review: date | None
    computable: bool
    scored: bool
    eu_class: str | None
    eu_articles: Sequence[str]
    eu_possible: Sequence[str]
    low: float | None
    point: float | None
    high: float | None
    change: float | None  # of the overall risk, in 30 days
    vendor: str
    updated: datetime
    points: Sequence[float | None]  # of each principle, in their order
    method: str | None = None  # of a judgement that is not the present one

    @property
    def band(self) -> str | None:
        return self._band(self.point)

    @property
    def kind_words(self) -> str:
        return str(ApplicationKind(self.kind).label)

    def of(self, principles: Sequence[str]) -> list[tuple[float | None, str | None]]:
        """Risk and band of some principles."""
        points = [self.points[Principle.values.index(one)] for one in principles]
        return [(point, self._band(point)) for point in points]

    def _band(self, point: float | None) -> str | None:
        return None if point is None else load_method(self.method).band(point)


class Asked(Protocol):
    """The filters of an address, as `inventory.web.filters.Filters` reads them."""

    @property
    def department(self) -> Department | None: ...
    @property
    def kinds(self) -> Sequence[str]: ...
    @property
    def lifecycles(self) -> Sequence[str]: ...
    @property
    def bands(self) -> Sequence[str]: ...
    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def owner(self) -> str: ...
    @property
    def q(self) -> str: ...
    @property
    def principle(self) -> str: ...
    @property
    def sort(self) -> str: ...
    @property
    def own(self) -> Mapping[str, Sequence[str]]: ...


def wanted(asked: Asked) -> Wanted:
    """The filters of an address as the list takes them."""
    return Wanted(
        department=asked.department,
        kinds=asked.kinds,
        lifecycles=asked.lifecycles,
        bands=asked.bands,
        classes=asked.classes,
        owner=asked.owner,
        q=asked.q,
        principle=asked.principle or OVERALL,
        sort=asked.sort,
        points="".join(asked.own.get("points", ())[:1]),
        place=asked.department if asked.own.get("below") else None,
    )


def read_of_itself(reader: Reader) -> dict[str, Sequence[str]]:
    """What an address asks of the applications behind other things, by parameter (OF_ITSELF)."""
    return {name: words for name, words in read(reader).items() if name in OF_ITSELF}


def read(reader: Reader) -> dict[str, Sequence[str]]:
    """What an address asks of the register, by parameter (NARROWED_BY)."""
    lists: dict[str, Sequence[str]] = {name: reader.words(name) for name in ("kind", "lifecycle", "band", "class")}
    lists["below"] = reader.below()
    return {**lists, **{name: (text,) if (text := reader.text(name)) else () for name in ("owner", "q")}}


def wanted_by(filters: Mapping[str, Sequence[str]], department: Department | None) -> Wanted:
    """The same as the list takes it. Of `filters`, an empty one may be missing."""
    return Wanted(
        department=department,
        kinds=filters.get("kind", ()),
        lifecycles=filters.get("lifecycle", ()),
        bands=filters.get("band", ()),
        classes=filters.get("class", ()),
        owner="".join(filters.get("owner", ())),
        q="".join(filters.get("q", ())),
        place=department if filters.get("below") else None,
    )


def narrowed(found: QuerySet[AIApplication], wanted: Wanted) -> QuerySet[AIApplication]:
    """The applications of `found` (those the person may see, or export) that are wanted, unordered."""
    if wanted.department is not None and wanted.department.parent_id is not None:
        found = found.in_department(wanted.department)  # type: ignore[attr-defined]
    if wanted.place is not None:
        found = found.filter(department=wanted.place)
    for field, values in (("kind", wanted.kinds), ("lifecycle", wanted.lifecycles), ("score__band", wanted.bands)):
        if values:
            found = found.filter(**{f"{field}__in": values})
    if wanted.classes:
        undecided = Q(score__eu_class=None) if OPEN_CLASS in wanted.classes else Q()
        found = found.filter(Q(score__eu_class__in=[c for c in wanted.classes if c != OPEN_CLASS]) | undecided)
    if wanted.points:
        low, high = map(int, wanted.points.split("-"))
        found = found.filter(score__overall_point__gte=low, score__overall_point__lt=high if high < 100 else 101)
    if wanted.owner:
        found = found.owned_by(wanted.owner)  # type: ignore[attr-defined]
    if wanted.q:
        found = found.search(wanted.q)  # type: ignore[attr-defined]
    return found.order_by()


def among(wanted: Wanted) -> QuerySet[AIApplication, Any] | None:
    """The ids of the applications that kind, stage, band, class, owner and place leave, to narrow what belongs to them
    (alerts, evidence, use); whoever may see them, below whatever department. None: nothing of that is asked."""
    chosen = (wanted.kinds, wanted.lifecycles, wanted.bands, wanted.classes, wanted.owner, wanted.place)
    if not any(chosen):
        return None
    return narrowed(AIApplication.objects.all(), replace(wanted, department=None, q="")).values("pk")


def page(user: User, wanted: Wanted, number: int) -> Page:
    """One page of the list as rows; three queries, whatever the page."""
    rows = _Rows(narrowed(access.applications(user), wanted), wanted, _scores_alone(user, wanted))
    return Paginator(rows, ROWS_A_PAGE).get_page(number)


def every(user: User, wanted: Wanted) -> Iterator[Row]:
    """The whole list of what the person may take away, in its order; the ids at once, the rows a chunk at a time."""
    rows = _Rows(narrowed(access.applications(user, Permission.EXPORT), wanted), wanted)
    ids = rows.ids(slice(0, len(rows)))
    for start in range(0, len(ids), ROWS_A_CHUNK):
        part = ids[start : start + ROWS_A_CHUNK]
        whole = _rows(part, wanted.principle)
        yield from (whole[pk] for pk in part if pk in whole)


def _scores_alone(user: User, wanted: Wanted) -> QuerySet | None:
    """The scores of what is wanted, where nothing but they decide: as many as applications, counted off an index."""
    chosen = (wanted.kinds, wanted.lifecycles, wanted.owner, wanted.q, wanted.points)
    below = wanted.place or (wanted.department is not None and wanted.department.parent_id is not None)
    if any(chosen) or below or OPEN_CLASS in wanted.classes or not (wanted.bands or wanted.classes):
        return None
    if not access.sees_everything(user):
        return None
    found = CurrentScore.objects.order_by()
    found = found.filter(band__in=wanted.bands) if wanted.bands else found
    return found.filter(eu_class__in=wanted.classes) if wanted.classes else found


def ordering(sort: str, principle: str, of: str = "") -> list[OrderBy | str]:
    """The order for a sort word, a leading "-" turning it round; what has no value comes last, ties go by id. `of`: the
    path from applications to those that are ordered.

    Columns that are never null are read off their index in both directions, which a place for nulls would forbid.
    """
    word, backwards = sort.removeprefix("-"), sort.startswith("-")
    column = column_of(word, principle)
    nulls_last = True if column in _MAY_BE_NULL else None
    field = F(column.removeprefix(of))
    return [field.desc(nulls_last=nulls_last), "-pk"] if backwards else [field.asc(nulls_last=nulls_last), "pk"]


def column_of(word: str, principle: str) -> str:
    """The column that a sort word means; `risk` is the risk that is shown."""
    return _COLUMNS[principle if word == RISK else word]


class _Rows(Sequence[Any]):
    """The list as a paginator takes it: counted once; a slice sorts ids alone and then fetches its few rows whole."""

    def __init__(self, found: QuerySet[AIApplication], wanted: Wanted, counted: QuerySet | None = None) -> None:
        self.found, self.wanted = found, wanted
        self.counted = found if counted is None else counted
        self.sort = wanted.sort or f"-{RISK}"
        self.length: int | None = None

    def __len__(self) -> int:
        if self.length is None:
            self.length = self.counted.count()
        return self.length

    def __getitem__(self, part: Any) -> Any:
        ids = self.ids(part)
        whole = _rows(ids, self.wanted.principle)
        return [whole[pk] for pk in ids if pk in whole]

    def ids(self, part: slice) -> list[int]:
        """The applications of a slice, in the order wanted. Those with a score first where a column of it orders them:
        an inner join can walk that column's index, and few, if any, wait for a score."""
        principle = self.wanted.principle
        order = ordering(self.sort, principle)
        if not column_of(self.sort.removeprefix("-"), principle).startswith("score__"):
            return list(self._found_first(AIApplication).order_by(*order).values_list("pk", flat=True)[part])
        if self._little:
            scored = self._found_first(CurrentScore).order_by(*ordering(self.sort, principle, "score__"))
        else:
            scored = self.found.filter(score__isnull=False).order_by(*order)
        ids = list(scored.values_list("pk", flat=True)[part])
        missing = part.stop - part.start - len(ids)
        if missing and len(self) > part.start + len(ids):
            start = max(0, part.start - scored.count())
            waiting = self._found_first(AIApplication).filter(score__isnull=True).order_by("pk")
            ids += waiting.values_list("pk", flat=True)[start : start + missing]
        return ids

    @property
    def _little(self) -> bool:
        return len(self) <= LITTLE

    def _found_first(self, model: type[AIApplication | CurrentScore]) -> QuerySet[Any]:
        """What is wanted, looked up before it is sorted where that is little: walking the order's index until a page is
        full takes as long as the whole list where those that fit stand at its end. The limit keeps the two apart. A
        score has the key of its application, so that each table is looked up in by itself."""
        keys: Any = self.counted.values("pk")[:LITTLE]
        return model.objects.filter(pk__in=keys) if self._little else self.found


def _rows(ids: Sequence[int], principle: str) -> dict[int, Row]:
    """The applications of a page, by id: plain values in one query, since whole objects of six tables cost more time
    than the database takes."""
    owner = Coalesce(NullIf("owner__display_name", Value("")), "owner__username", Value(""))
    computable = Q(not_computable__isnull=True)
    values: QuerySet[AIApplication, Any] = (
        AIApplication.objects.filter(pk__in=ids)
        .order_by()
        .values_list(
            *("pk", "external_id", "name", "kind", "department__name", "lifecycle", owner, "next_review"),
            *(ExpressionWrapper(test, BooleanField()) for test in (computable, Q(score__isnull=False))),
            *("score__eu_class", "score__eu_articles", "score__eu_possible"),
            *(f"score__{principle}_{part}" for part in ("low", "point", "high")),
            *("score__change_30d", "vendor", "updated_at"),
            *(f"score__{one}_point" for one in Principle.values),
        )
    )
    own = -len(Principle.values)
    return {row[0]: Row(*(*row[:own], row[own:])) for row in values}
