"""More applications than anybody would write down: models varied by rule from those of the story, and copies of them.

A model is an application like any other, judged by the engine. Its copies are set-based: the same answers, controls
and use under another name in another department, so that they have the same scores, and a recalculation finds nothing.
"""

from collections.abc import Iterator

from governance.demo.chance import Chance
from governance.demo.story import ApplicationStory, ControlsStory, DepartmentStory, Story, UsageStory
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR

Copy = tuple[str, str, str, str]  # external id, name, department, external id of its model

PREFIX = "AI-"
MODELS = 1500  # beyond so many, further applications are copies
APPLICATIONS_A_DEPARTMENT = 100
MOST_DEPARTMENTS = 1000
UNITS = 8  # of one generated region
FACTOR_CHANGES = 0.3  # share of factors answered otherwise than in the application a model is made of
USED = 0.1  # share of models whose use the feeds see
USE_DAYS = 65  # more than two windows of signals, so that a month ago it was the same
LIFECYCLES = {"live": 80, "approved": 6, "in_review": 6, "suspended": 3, "idea": 3, "retired": 2}
STEPS = {"in_review": 10, "approved": 30, "live": 38}  # days after registration
LEFT = ("suspended", "retired")  # later than the rest: between then and now
PROFILES = {"working": 30, "governed": 24, "patchy": 18, "lapsed": 12, "neglected": 6, "started": 5, "exemplary": 5}
REGISTERED = (120, 900)  # days before as-of


def default_departments(applications: int, story: Story) -> int:
    """How many departments so many applications are spread over."""
    return max(len(story.departments), min(MOST_DEPARTMENTS, applications // APPLICATIONS_A_DEPARTMENT))


def further_departments(story: Story, count: int) -> list[DepartmentStory]:
    """Departments beyond the story's, up to `count` in all: regions below the ten, units below the regions."""
    tops = [one for one in story.departments if one.parent == "organisation"]
    more: list[DepartmentStory] = []
    place = 0
    while len(story.departments) + len(more) < count:
        top, number = tops[place % len(tops)], place // len(tops) + 1
        region = top.model_copy(
            update={
                "key": f"{top.key}-r{number:02d}",
                "name": f"{top.name}, region {number}",
                "parent": top.key,
                "cost_centre": f"{top.cost_centre}-{number:02d}",
                "staff": 0,
                "aliases": [],
            }
        )
        more += [region, *_units(region)]
        place += 1
    return more[: max(count - len(story.departments), 0)]


def _units(region: DepartmentStory) -> Iterator[DepartmentStory]:
    for number in range(1, UNITS + 1):
        yield region.model_copy(
            update={
                "key": f"{region.key}-u{number}",
                "name": f"{region.name}, unit {number}",
                "parent": region.key,
                "cost_centre": f"{region.cost_centre}-{number}",
            }
        )


def models(story: Story, method: Method, chance: Chance, places: list[str], count: int) -> list[ApplicationStory]:
    """`count` applications varied from those of the story, in the departments `places`."""
    first = len(story.applications) + 1
    return [_vary(story, method, chance, places, number) for number in range(first, first + count)]


def copies(models_: list[ApplicationStory], chance: Chance, places: list[str], count: int) -> list[Copy]:
    """`count` copies of the models, by turns."""
    made = []
    for place in range(count):
        model = models_[place % len(models_)]
        number = int(models_[-1].id.removeprefix(PREFIX)) + 1 + place
        name = f"{model.name.rsplit(' ', 1)[0]} {number}"
        made.append((external_id(number), name, chance.pick(places, number, "department"), model.id))
    return made


def external_id(number: int) -> str:
    """The external id of the application of that number."""
    return f"{PREFIX}{number:05d}"


def host_of(key: str) -> str:
    """The host under which feeds see a model or a copy."""
    return f"{key.lower()}.apps.alderfinch.example"


def _vary(story: Story, method: Method, chance: Chance, places: list[str], number: int) -> ApplicationStory:
    key = external_id(number)
    origin = chance.pick(story.applications, key, "made of")
    registered = chance.whole(*REGISTERED, key, "registered")
    path = _path(chance, key, registered)
    return origin.model_copy(
        update={
            "id": key,
            "name": f"{origin.name} {number}",
            "department": chance.pick(places, key, "department"),
            "registered": registered,
            "path": path,
            "factors": _factors(origin, method, chance, key),
            "was": {},
            "identifiers": {"host": [host_of(key)]},
            "controls": ControlsStory(profile=chance.weighted(PROFILES, key, "profile")),
            "usage": _usage(origin, chance, key) if list(path)[-1:] == ["live"] else None,
        }
    )


def _path(chance: Chance, key: str, registered: int) -> dict[str, int]:
    last = chance.weighted(LIFECYCLES, key, "lifecycle")
    path: dict[str, int] = {}
    for step, after in STEPS.items():
        if last == "idea":
            break
        path[step] = registered - after
        if step == last:
            break
    if last in LEFT:
        path[last] = chance.whole(1, path["live"] - 1, key, "left")
    return path


def _factors(origin: ApplicationStory, method: Method, chance: Chance, key: str) -> dict[str, str]:
    changed = {}
    for name, factor in method.factors.items():
        if name != EU_CLASS_FACTOR and name in origin.factors:
            other = chance.share(key, name, "changed") < FACTOR_CHANGES
            changed[name] = chance.pick(list(factor.options), key, name) if other else origin.factors[name]
    return changed


def _usage(origin: ApplicationStory, chance: Chance, key: str) -> UsageStory | None:
    """A little use in the last weeks, by people of the department the original is in, without any marks."""
    if chance.share(key, "used") >= USED:
        return None
    daily = chance.whole(1, 12, key, "daily")
    return UsageStory(daily=daily, people=max(1, daily // 3), by={origin.department: 1.0}, start=USE_DAYS)
