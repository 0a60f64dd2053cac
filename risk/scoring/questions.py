"""Which classification questions still matter, so that nobody answers forty-five where six decide."""

from collections.abc import Iterable, Mapping

from risk.scoring.classify import Answer, Answers, Classification, atom_values, classify
from risk.scoring.expressions import evaluate
from risk.scoring.method import Method, Question


def open_answers(answers: Answers, method: Method) -> dict[str, Answer]:
    """The answers with every question that was not answered as *unknown*.

    The table reads an absent answer as *no*, which suits a finished questionnaire, not one that has just begun.
    """
    return {key: answers.get(key) for key in method.questions}


def classify_so_far(answers: Answers, method: Method) -> Classification:
    """The classification of an unfinished questionnaire: what is not answered is unknown. Raises AnswerError."""
    return classify(open_answers(answers, method), method)


def relevant_questions(answers: Answers, method: Method) -> list[Question]:
    """Questions worth showing, in the order of the table: answered, or able to change the class or an open fact.

    A question whose `ask_if` is false is left out; what is not answered counts as unknown. Raises AnswerError.
    """
    known = open_answers(answers, method)
    values = atom_values(known, method)
    deciding = set(classify(known, method).decided_by)
    return [
        question
        for question in method.questions.values()
        if (question.ask_if is None or evaluate(question.ask_if, values.__getitem__) is not False)
        and (answers.get(question.id) is not None or question.id in deciding)
    ]


def finished(answers: Answers, method: Method) -> bool:
    """Whether no unanswered question can change the class or a fact any more."""
    return not classify_so_far(answers, method).decided_by


def fact_questions(method: Method, sources: Iterable[str] = ("questionnaire",)) -> Mapping[str, str]:
    """Fact → text of the facts that people state, by source: questionnaire (per application) or organisation."""
    wanted = set(sources)
    return {key: fact.text for key, fact in method.facts.items() if fact.source in wanted}
