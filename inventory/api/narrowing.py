"""Narrowing a list of the API: what can't be applied is refused, parameter by parameter, with what could be."""

from collections.abc import Iterable

from rest_framework.exceptions import ValidationError

from inventory.selectors.asked import Problem


def refuse(problems: Iterable[Problem]) -> None:
    """Raise the 400 that names each parameter, the value and the mend; nothing where there is no problem."""
    said: dict[str, list[str]] = {}
    for problem in problems:
        said.setdefault(problem.parameter, []).append(problem.refused)
    if said:
        raise ValidationError(said)
