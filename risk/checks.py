"""The method at `manage.py check`: a wrong file is told before anything is judged with it, all mistakes at once."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from risk.frameworks.reading import MethodError
from risk.method import load_method, releases


@register()
def the_method_holds(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every released version can be read, is what was released, and fits together."""
    try:
        versions = list(releases())
    except MethodError as error:
        return _errors(error)
    found: list[CheckMessage] = []
    for version in versions:
        try:
            load_method(version)
        except MethodError as error:
            found += _errors(error)
    return found


def _errors(error: MethodError) -> list[CheckMessage]:
    return [
        Error(": ".join(filter(None, (one.file, one.path, one.message))), hint=one.mend, id="risk.E001")
        for one in error.problems
    ]
