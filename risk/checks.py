"""The method at `manage.py check`: a wrong file is told before anything is judged with it, all mistakes at once."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, register

from risk.frameworks.reading import MethodError, Problem
from risk.method import load_method, releases
from risk.method.wording import help_texts
from risk.records import check_forms


@register()
def the_method_holds(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every released version can be read, is what was released, and fits together."""
    try:
        versions = list(releases())
    except MethodError as error:
        return _errors(error.problems)
    found: list[CheckMessage] = []
    for version in versions:
        try:
            load_method(version)
        except MethodError as error:
            found += _errors(error.problems)
    try:
        help_texts()
    except MethodError as error:
        found += _errors(error.problems)
    return found or _errors(check_forms())


def _errors(problems: Iterable[Problem]) -> list[CheckMessage]:
    return [
        Error(": ".join(filter(None, (one.file, one.path, one.message))), hint=one.mend, id="risk.E001")
        for one in problems
    ]
