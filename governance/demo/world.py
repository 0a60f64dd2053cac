"""What every writer of the demo knows: the story, the dates, chance, and the rows written so far by their names."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.utils import timezone

from governance.demo.chance import Chance
from governance.demo.scale import Copy
from governance.demo.story import UNASSIGNED, ApplicationStory, Story
from risk.scoring.method import Method

DAYS_A_MONTH = 30.4375
OFFICE_HOURS = (8, 17)


@dataclass
class World:
    """The world of one run. All dates are counted back from `as_of`; the day itself has not begun to be used."""

    story: Story
    method: Method
    as_of: date
    months: int
    chance: Chance
    applications: list[ApplicationStory]  # those of the story, then the models
    models: list[ApplicationStory] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    departments: dict[str, int] = field(default_factory=dict)  # key → primary key
    people: dict[str, int] = field(default_factory=dict)  # username → primary key
    registered: dict[str, int] = field(default_factory=dict)  # external id → primary key
    alerts: dict[str, int] = field(default_factory=dict)  # external id → primary key
    sources: dict[str, int] = field(default_factory=dict)  # kind of file → primary key of the feed that delivers it

    @cached_property
    def times(self) -> Counter[str]:
        """How many applications there are of each: itself and its copies."""
        return Counter([*(app.id for app in self.applications), *(model for *_, model in self.copies)])

    @cached_property
    def days(self) -> int:
        """Length of the recorded year in days."""
        return round(self.months * DAYS_A_MONTH)

    def day(self, ago: int) -> date:
        """The day so many days before as-of."""
        return self.as_of - timedelta(days=ago)

    def moment(self, ago: int, *words: object) -> datetime:
        """A moment in office hours of that day, the same each time for the same words; always before as-of."""
        return self.office_hours(self.day(max(ago, 1)), *words)

    def office_hours(self, day: date, *words: object) -> datetime:
        """A moment in office hours of the day, or of the day before as-of where that is earlier."""
        minute = self.chance.whole(OFFICE_HOURS[0] * 60, OFFICE_HOURS[1] * 60, day, *words)
        return self.start_of(min(day, self.day(1))) + timedelta(minutes=minute)

    @property
    def now(self) -> datetime:
        """The end of the story: the first moment of the as-of day."""
        return self.start_of(self.as_of)

    @staticmethod
    def start_of(day: date) -> datetime:
        """Its first moment in the organisation's time zone."""
        return datetime.combine(day, time(), timezone.get_default_timezone())

    def department(self, key: str) -> int | None:
        """The primary key of a department; None for unassigned."""
        return None if key == UNASSIGNED else self.departments[key]
