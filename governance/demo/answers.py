"""What the teams of the story answered, with the day of each answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from governance.demo.chance import Chance
from governance.demo.story import ApplicationStory
from risk.scoring.classify import atom_values
from risk.scoring.expressions import evaluate
from risk.scoring.judgement import ORGANISATION_QUESTIONS
from risk.scoring.method import Method, Question
from risk.scoring.vocabulary import EU_CLASS_FACTOR

# Every application of the bank is an AI system used in the Union; every other answer is "no" unless the story differs
BASE: dict[str, Any] = {"ai_system": True, "union_nexus": True, "role": ["uses"]}
DAYS_TO_ANSWER = 21  # a questionnaire is filled in within three weeks of registration


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer from a day on; the newest one of a question holds."""

    question: str
    value: Any
    day: date


def given_answers(story: ApplicationStory, method: Method, as_of: date, chance: Chance) -> list[GivenAnswer]:
    """Every answer ever given about the application, oldest first."""
    registered = as_of - timedelta(days=story.registered)
    last = min(DAYS_TO_ANSWER, max(story.registered - 1, 0))
    given = []
    for question, value in _final(story, method):
        day = registered + timedelta(days=chance.whole(0, last, story.id, question, "answered"))
        former = story.was.get(question)
        if former:
            given.append(GivenAnswer(question, former.value, day))
            day = as_of - timedelta(days=former.until)
        given.append(GivenAnswer(question, value, day))
    return sorted(given, key=lambda one: (one.day, one.question))


def final_answers(story: ApplicationStory, method: Method) -> dict[str, Any]:
    """The answers as they stand at the end of the story; what is open is left out."""
    return dict(_final(story, method))


def _final(story: ApplicationStory, method: Method) -> Iterator[tuple[str, Any]]:
    for question, value in _stated(story, method):
        if question in story.unsure:
            yield question, None
        elif question not in story.open:
            yield question, value


def _stated(story: ApplicationStory, method: Method) -> Iterator[tuple[str, Any]]:
    for factor in method.factors:
        if factor != EU_CLASS_FACTOR and (factor in story.factors or factor in story.unsure):
            yield factor, story.factors.get(factor)
    for fact in method.facts.values():
        known = fact.id.removeprefix("app.") in story.facts
        if fact.source == "questionnaire" and (known or not story.begun):
            yield fact.id, known
    classification = BASE | story.eu
    atoms = atom_values(classification, method)
    for question in method.questions.values():
        if question.id in ORGANISATION_QUESTIONS or (story.begun and question.id not in classification):
            continue
        if question.ask_if is None or evaluate(question.ask_if, atoms.__getitem__) is not False:
            yield question.id, classification.get(question.id, _no(question))


def _no(question: Question) -> Any:
    return {"yes_no": False, "multi": [], "choice": "none"}[question.type]
