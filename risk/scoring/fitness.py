"""Whether the method can judge what is stored at all: what it cannot read is *not computable*, never a number.

Services refuse wrong answers, but a new method may drop an option that was chosen under an old one, and a table may be
mended by hand. A question that the method no longer knows is no fault: nothing reads its answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from risk.scoring.case import Case
from risk.scoring.classify import AnswerError, checked
from risk.scoring.judgement import Judgement, Previous, judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR


class NotComputableError(Exception):
    """No judgement can be made. `faults`: what is wrong, by question or control; "" where the engine itself failed.

    `application` is the one it was made for, where the caller knows it.
    """

    def __init__(self, faults: Mapping[str, str], application: int | None = None) -> None:
        self.faults, self.application = dict(faults), application
        super().__init__(" ".join(self.faults.values()))


def judge_fit(case: Case, day: date, method: Method, previous: Previous | None = None) -> Judgement:
    """As `judge`, for cases as they are stored. Raises NotComputableError instead of guessing or falling over."""
    faults = misfits(case, method)
    if faults:
        raise NotComputableError(faults)
    try:
        return judge(case, day, method, previous)
    except Exception as error:
        # Whatever it is, it concerns one application: the others of a chunk must get their figures
        raise NotComputableError({"": f"Method {method.version} failed: {type(error).__name__} {error}."}) from error


def misfits(case: Case, method: Method) -> dict[str, str]:
    """What the method cannot read, by question or control, with the mend."""
    found = {}
    for key, answer in case.answers.items():
        fault = _misfit(key, answer, method)
        if fault:
            found[key] = f"{key}: {fault} in method {method.version}. Answer it again."
    for key, value in case.organisation.items():
        if value is not None and not isinstance(value, bool):
            found[key] = f"{key}: neither yes nor no. Answer it again on the page of organisation facts."
    for key, stated in case.controls.items():
        if stated.status is not None and stated.status not in method.control_status:
            found[key] = (
                f"{key}: “{stated.status}” is no state of a control in method {method.version}. State it again."
            )
    return found


def fitting(case: Case, method: Method) -> Case:
    """The case without what the method cannot read."""
    faults = misfits(case, method)
    if not faults:
        return case
    return replace(
        case,
        answers={key: answer for key, answer in case.answers.items() if key not in faults},
        organisation={key: value for key, value in case.organisation.items() if key not in faults},
        controls={key: stated for key, stated in case.controls.items() if key not in faults},
    )


def _misfit(key: str, answer: Any, method: Method) -> str:
    if answer is None:
        return ""
    if key in method.factors and key != EU_CLASS_FACTOR:
        if isinstance(answer, str) and answer in method.factors[key].options:
            return ""
        return f"“{str(answer)[:60]}” is no option"
    if key in method.facts:
        return "" if isinstance(answer, bool) else "neither yes nor no"
    if key in method.questions:
        try:
            checked(method.questions[key], answer)
        except AnswerError as error:
            return str(error)
    return ""
