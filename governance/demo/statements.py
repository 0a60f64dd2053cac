"""What the teams of the story stated about their controls: a path of steps for each control, not only its end."""

from dataclasses import dataclass
from datetime import date, timedelta

from governance.demo.chance import Chance
from governance.demo.story import ApplicationStory, Profile, Story
from risk.scoring.case import Stated
from risk.scoring.method import Control, Method
from risk.scoring.vocabulary import PROVEN

OPEN = "open"  # not answered
# The steps through which a control reaches its status
STEPS = ["not_started", "planned", "in_progress", "attested", "evidenced", "verified"]
UNFINISHED = frozenset({"not_started", "planned", "in_progress"})
# What came before each status, newest first, where the team improved it step by step
BEFORE = {
    "verified": ["evidenced", "attested", "in_progress"],
    "evidenced": ["attested", "in_progress"],
    "attested": ["in_progress"],
    "in_progress": ["planned"],
}
STEP_DAYS = (18, 85)  # days between two steps
ENDING_EVIDENCE = 0.3  # share of evidence that has a last day
EVIDENCE_LASTS = (0.7, 1.4)  # review intervals of its control, from the newest statement on
FIRST_STATEMENT = 20  # days after registration before anything is stated


@dataclass(frozen=True, slots=True)
class Statement:
    """What was stated about a control on a day; the newest one of a control holds. `valid_until`: the last day of the
    evidence it rests on (None: no end, or it rests on none)."""

    control: str
    status: str
    day: date
    due: date | None
    note: str
    valid_until: date | None = None

    def stated(self) -> Stated:
        """As the engine takes it."""
        return Stated(self.status, self.day, self.due, self.valid_until)


def statements(
    app: ApplicationStory, story: Story, asked: list[str], method: Method, as_of: date, chance: Chance
) -> list[Statement]:
    """Every statement ever made about the controls `asked` of the application, oldest first."""
    profile = story.profiles[app.controls.profile]
    made: list[Statement] = []
    for key in dict.fromkeys([*asked, *app.controls.set]):
        status, age = _end(app, profile, method.controls[key], chance)
        if status != OPEN:
            made += _path(app, story, method.controls[key], status, age, as_of, chance)
    return sorted(made, key=lambda one: (one.day, one.control))


def _end(app: ApplicationStory, profile: Profile, control: Control, chance: Chance) -> tuple[str, int]:
    """(status, age in days) of the newest statement."""
    told = app.controls.set.get(control.id, "").split()
    status = told[0] if told else chance.weighted(profile.statuses, app.id, control.id, "status")
    share = chance.between(*profile.age, app.id, control.id, "age")
    age = int(told[1]) if len(told) > 1 else round(share * control.review_days)
    return status, max(0, min(age, app.registered - FIRST_STATEMENT))


def _path(
    app: ApplicationStory, story: Story, control: Control, status: str, age: int, as_of: date, chance: Chance
) -> list[Statement]:
    steps, ago = [(status, age)], age
    for earlier in BEFORE.get(status, []):
        ago += chance.whole(*STEP_DAYS, app.id, control.id, earlier)
        if ago > app.registered - FIRST_STATEMENT:
            break
        steps.append((earlier, ago))
    proven = [days for step, days in steps if step in PROVEN]
    until = _evidence_ends(app, control, as_of - timedelta(days=min(proven)), chance) if proven else None
    return [
        Statement(
            control=control.id,
            status=step,
            day=as_of - timedelta(days=days),
            due=_due(app, story, control, step, days, as_of, chance),
            note=chance.pick(story.notes[step], app.id, control.id, step, "note"),
            valid_until=until if step in PROVEN else None,
        )
        for step, days in steps
    ]


def _evidence_ends(app: ApplicationStory, control: Control, stated: date, chance: Chance) -> date | None:
    """The last day of a control's evidence: most has no end, a certificate or a report is renewed now and then."""
    if chance.share(app.id, control.id, "evidence ends") >= ENDING_EVIDENCE:
        return None
    return stated + timedelta(
        days=round(control.review_days * chance.between(*EVIDENCE_LASTS, app.id, control.id, "ends"))
    )


def _due(
    app: ApplicationStory, story: Story, control: Control, status: str, ago: int, as_of: date, chance: Chance
) -> date | None:
    """The promised day of the next step: never before the promise, and none where nothing is left to do."""
    if status not in UNFINISHED or chance.share(app.id, control.id, "promised") < 0.2:
        return None
    least, most = story.profiles[app.controls.profile].due
    ahead = chance.whole(least, most, app.id, control.id, "due")
    return max(as_of + timedelta(days=ahead), as_of - timedelta(days=max(ago - 7, 0)))
