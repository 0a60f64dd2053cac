"""What a dataset is, and how much of it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from governance.selectors.narrowing import NOTHING, Filters, Narrowing
from inventory.models import Department, User
from inventory.selectors.asked import Problem
from risk.selectors.history import first_day


@dataclass(frozen=True)
class Column:
    """A column. `text`: whatever people wrote, which CSV must keep from being read as a formula; `truth`: true or
    false; neither: a number, a day, or a word of ours."""

    name: str
    text: bool = True
    truth: bool = False


@dataclass(frozen=True)
class Extent:
    """How much of a dataset is asked for: what `user` may take away (None: everything), below `department`, as of
    `day`, narrowed by `filters`, as the dataset's narrowing reads them from an address."""

    user: User | None
    day: date
    department: Department | None = None
    filters: Filters = field(default_factory=dict)

    @property
    def past(self) -> bool:
        return self.day < timezone.localdate()


@dataclass(frozen=True)
class Dataset:
    """`dated`: whether earlier days can be answered truthfully, from figures that were kept day by day. `first`: from
    which day on, of these departments; `unanswerable`: which filters an earlier day can't be asked all the same."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[Extent], Iterator[tuple]]
    narrowing: Narrowing = NOTHING
    dated: bool = False
    first: Callable[[QuerySet[Department]], date | None] = first_day
    unanswerable: Callable[[Filters, date], Problem | None] = lambda filters, day: None


def texts(*names: str) -> tuple[Column, ...]:
    """Columns of text; a name may hold several, parted by blanks."""
    return tuple(Column(name) for given in names for name in given.split())


def figures(*names: str) -> tuple[Column, ...]:
    """Columns of numbers, days, and words of ours; a name may hold several, parted by blanks."""
    return tuple(Column(name, text=False) for given in names for name in given.split())


def truths(*names: str) -> tuple[Column, ...]:
    """Columns of true or false."""
    return tuple(Column(name, text=False, truth=True) for name in names)
