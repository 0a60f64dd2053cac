"""What each answer carries, and what each request leaves for the audit log."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from inventory import audit_log

Handler = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
PAST_STANDS = "The address asks for a past day (as_of), and the past can only be read. Nothing was changed."


class SecurityHeadersMiddleware:
    """Headers that Django has no setting for; pages of signed-in people are never cached on the way."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class RefuseNullBytesMiddleware:
    """An address with a NUL is nobody's typing error: PostgreSQL holds no such text, so it names nothing here."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a NUL character.")
        return self.get_response(request)


class SignedInMiddleware(LoginRequiredMiddleware):
    """Every page wants somebody signed in, and sends others to the sign-in page; but a part of a page is told so: htmx
    would follow the redirect, put the sign-in page into the page, and take what was to be saved for saved."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """401 to htmx, which hub.js puts into words; a redirect to all others."""
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if refused is not None and request.headers.get("HX-Request") == "true":
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        return refused


class RequestContextMiddleware:
    """Tells the audit log where a request came from."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit_log.request_address.set(client_address(request))
        try:
            return self.get_response(request)
        finally:
            audit_log.request_address.reset(token)


def client_address(request: HttpRequest) -> str | None:
    """The client's address: the last one that our own proxies (TRUSTED_PROXIES) vouch for."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    trusted = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if trusted and len(hops) >= trusted:
        return hops[-trusted]
    return request.META.get("REMOTE_ADDR") or None


class PastStandsMiddleware:
    """Nothing is changed from a page of a past day: an unsafe request whose address holds `as_of` is refused, so that
    nobody decides today on figures of then. It stands at the view, where signing in and CSRF have been looked at."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Any value counts, today's too: what a page showed may be a day old when its form is sent."""
        if request.method in SAFE or not any(day.strip() for day in request.GET.getlist("as_of")):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": f"{PAST_STANDS} Leave as_of out."}, status=HTTPStatus.CONFLICT)
        return render(request, "past_stands.html", {"why": PAST_STANDS}, status=HTTPStatus.CONFLICT)
