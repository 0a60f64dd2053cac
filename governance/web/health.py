"""Health: whether this process reaches its database and its broker. Says nothing else, so it needs no login."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when both servers answer, otherwise 503. Which one failed stands in the log, not in the answer."""
    healthy = _database_answers() and _broker_answers()
    return JsonResponse({"status": "ok" if healthy else "unavailable"}, status=200 if healthy else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.error("Health: the database does not answer: %s", error)
        return False
    return True


def _broker_answers() -> bool:
    """The cache and the broker are one server (settings: REDIS_URL)."""
    try:
        cache.get("healthz")
    except (RedisError, OSError) as error:
        log.error("Health: the broker does not answer: %s", error)
        return False
    return True
