"""The questionnaire of one application as a page shows it: steps, the questions of one, and what the answers did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inventory.models import AIApplication, User
from risk.choices import EUClass
from risk.method import load_method
from risk.method.wording import help_texts
from risk.scoring.consequences import Consequence, consequences
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.questionnaire import Count, Item, Standing, Step, count_by_step, items
from risk.selectors.causes import answer_text

STEP_TITLES = {
    Step.FACTORS: gettext_lazy("Risk factors"),
    Step.FACTS: gettext_lazy("What it does"),
    Step.SCOPE: gettext_lazy("Scope and role"),
    Step.PROHIBITED: gettext_lazy("Prohibited practices"),
    Step.ANNEX_I: gettext_lazy("Products (Annex I)"),
    Step.ANNEX_III: gettext_lazy("High-risk uses (Annex III)"),
    Step.TRANSPARENCY: gettext_lazy("Transparency (Art. 50)"),
    Step.GPAI: gettext_lazy("General-purpose models"),
}
STEP_HINTS = {
    Step.FACTORS: gettext_lazy(
        "What could go wrong, for whom, and how likely. The score follows each answer at once, as it says beside it."
    ),
    Step.FACTS: gettext_lazy(
        "What it does decides which controls and requirements apply. What follows from them isn't asked."
    ),
    Step.SCOPE: gettext_lazy("Whether the EU AI Act applies, and in which role."),
    Step.PROHIBITED: gettext_lazy("Art. 5: practices that nothing can cure."),
    Step.ANNEX_I: gettext_lazy("Art. 6(1): safety components and products under Union law."),
    Step.ANNEX_III: gettext_lazy("Art. 6(2): the listed uses, their exclusions and exemptions."),
    Step.TRANSPARENCY: gettext_lazy("Art. 50: what people must be told."),
    Step.GPAI: gettext_lazy("Chapter V: for those who make general-purpose models."),
}


@dataclass(frozen=True, slots=True)
class StepState:
    """A step with how far it is."""

    step: Step
    title: str
    count: Count
    current: bool

    @property
    def settled(self) -> bool:
        """Whether nothing in it is open or not known."""
        return self.count.answered == self.count.asked and not self.count.unknown


@dataclass(frozen=True, slots=True)
class Questions:
    """One step with its questions. `derived` follow from other answers; `previous` and `following` stand beside it."""

    current: StepState
    hint: str
    steps: Sequence[StepState]
    asked: Sequence[Item]
    derived: Sequence[Item]
    previous: StepState | None
    following: StepState | None
    count: Count


def questions(judgement: Judgement, wanted: str) -> Questions:
    """The questionnaire at the step asked for; without one, at the first that is not finished."""
    found = items(judgement, load_method())
    counts = count_by_step(found)
    shown = [step for step in Step if counts[step].asked or any(item.step == step for item in found)]
    chosen = _chosen(wanted, shown, counts)
    states = [StepState(step, str(STEP_TITLES[step]), counts[step], step == chosen) for step in shown]
    place = shown.index(chosen)
    mine = [item for item in found if item.step == chosen]
    return Questions(
        current=states[place],
        hint=str(STEP_HINTS[chosen]),
        steps=states,
        asked=[_helped(item) for item in mine if item.standing is not Standing.DERIVED],
        derived=[item for item in mine if item.standing is Standing.DERIVED],
        previous=states[place - 1] if place else None,
        following=states[place + 1] if place + 1 < len(states) else None,
        count=sum(counts.values(), Count()),
    )


def _helped(item: Item) -> Item:
    return item if item.help else replace(item, help=help_texts().get(item.key, ""))


def _chosen(wanted: str, shown: Sequence[Step], counts: Mapping[Step, Count]) -> Step:
    if wanted in shown:
        return Step(wanted)
    return next((step for step in shown if counts[step].answered < counts[step].asked), shown[0])


@dataclass(frozen=True, slots=True)
class Newer:
    """An answer that somebody else gave while a page was open."""

    value: object
    text: str
    by: str
    at: datetime


def newer_answers(application: AIApplication, user: User, seen: Collection[str]) -> dict[str, Newer]:
    """The stored answers of others to these questions, by question; one query."""
    method = load_method()
    rows = application.answers.filter(question__in=seen).exclude(answered_by=user).select_related("answered_by")
    return {
        one.question: Newer(
            one.value,
            answer_text(one.question, one.value, method),
            str(one.answered_by or _("Somebody")),
            one.answered_at,
        )
        for one in rows
    }


SHOWN_CHANGE = 0.05  # a smaller change of the risk rounds to nothing


def told(judgement: Judgement, step: str) -> dict[str, Mapping[str, str]]:
    """What each answer of a step would change, in words: question → option's word → text, empty for what stands."""
    method = load_method()
    return {
        item.key: {word: _words(one, method) for word, one in consequences(judgement, item, method).items()}
        for item in questions(judgement, step).asked
    }


def _words(one: Consequence, method: Method) -> str:
    if one.stands:
        return ""
    if one.clash is not None:
        first, second = (method.facts[key.split(", ")[0]].text for key in one.clash[:2])
        return f"contradicts: {first} / {second}"
    if one.prohibited:
        return _("prohibited practice: stop")
    parts = [_("may be a prohibited practice")] if one.may_prohibit else []
    if one.point is not None and (one.change is None or abs(one.change) >= SHOWN_CHANGE):
        moved = "" if one.change is None else f" ({one.change:+.1f})".replace("-", "−")
        parts.append(f"risk {one.point:.1f}{moved}")
    if one.class_changes and not one.may_prohibit:
        names = [EUClass(possible).label.lower() for possible in one.possible]
        few = " or ".join(names) if len(names) <= 2 else f"{len(names)} possible"
        parts.append(f"class: {few}")
    if one.controls:
        plural = "" if abs(one.controls) == 1 else "s"
        parts.append(f"{abs(one.controls)} {'more' if one.controls > 0 else 'fewer'} control{plural}")
    if one.sensitive:
        parts.append(_sensitive(one.sensitive))
    return ", ".join(parts) or _("changes nothing now")


def _sensitive(more: int) -> str:
    """Why the risk may fall with a graver answer: what the application is approved for is what use is held against."""
    if more > 0:
        text = ngettext(
            "%(count)s interaction more above this level", "%(count)s interactions more above this level", more
        )
    else:
        text = ngettext(
            "%(count)s interaction fewer above this level", "%(count)s interactions fewer above this level", -more
        )
    return text % {"count": f"{abs(more):,}"}
