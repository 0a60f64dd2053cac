"""The page that stands where a judgement can't be made: what doesn't fit the method, and how to mend it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inventory import access
from risk.scoring.fitness import NotComputableError
from risk.web.shell import shell


class NotComputableMiddleware:
    """Answers NotComputableError of any page of an application with that page: a reason, and no number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only for the one exception; the application is fetched anew for this person."""
        if not isinstance(exception, NotComputableError) or exception.application is None:
            return None
        application = access.application_or_404(request.user, exception.application)  # type: ignore[arg-type]
        context = {
            **shell(request.user, application, ""),  # type: ignore[arg-type]
            "faults": list(exception.faults.values()),
            "answerable": all(exception.faults),
        }
        return render(request, "risk/not_computable.html", context)
