"""Unusual days over the API: what was found, to read."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import access
from inventory.access import Permission
from inventory.api.narrowing import refuse
from inventory.api.views import person
from inventory.choices import UsageMetric
from inventory.models import UnusualDay
from inventory.selectors import unusual
from inventory.selectors.asked import PERIODS, Reader

STATES = ("open", "dismissed")
_APPLIED = ("department", "application", "metric", "state", "period")


class UnusualDaySerializer(serializers.ModelSerializer):
    """A day's use of an application, or by a department's people (then `application` is null), far above the usual.

    `value` is what was judged, a number or a share: `hits` of `total`. `low` to `high` is the usual over `history`
    days, `limit` what it had to exceed, `explanation` all of it in a sentence.
    """

    explanation = serializers.SerializerMethodField()
    application_name = serializers.CharField(source="application.name", default=None)
    department = serializers.SerializerMethodField(help_text="External key; of an application: its department.")
    dismissed_by = serializers.CharField(source="dismissed_by.username", default=None)

    class Meta:
        model = UnusualDay
        fields = (
            *("id", "day", "metric", "value", "hits", "total", "low", "high", "limit", "history", "explanation"),
            *("application", "application_name", "department", "found_at", "dismissed_at", "dismissed_by", "reason"),
        )

    def get_explanation(self, one: UnusualDay) -> str:
        return unusual.explained(one)

    def get_department(self, one: UnusualDay) -> str:
        whose: Any = one.application.department if one.application else one.department
        return str(whose.key)


class UnusualList(APIView):
    """Unusual days, newest first."""

    @extend_schema(
        summary="Unusual days",
        parameters=[
            OpenApiParameter("department", str, description="External key; its sub-tree is included."),
            OpenApiParameter("application", int, description="Of this one."),
            OpenApiParameter("metric", str, enum=UsageMetric.values, description="Several are parted by commas."),
            OpenApiParameter("state", str, enum=STATES, description="Dismissed: somebody said it is nothing."),
            OpenApiParameter("period", int, enum=PERIODS, description="The last so many days; left out: all."),
            OpenApiParameter("limit", int),
            OpenApiParameter("offset", int),
        ],
        responses=UnusualDaySerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, reader = person(request), Reader(request.query_params)
        access.require(user, Permission.VIEW)
        key, application = reader.text("department"), reader.number("application", 0)
        metrics, state = reader.words("metric", UsageMetric.values), reader.word("state", STATES)
        period = reader.number("period", 0, PERIODS)
        reader.only(_APPLIED, "This list")
        refuse(reader.problems)
        rows = unusual.found_in(
            user,
            department=access.department_or_404(user, key) if key else None,
            application=access.application_or_404(user, application) if application else None,
            metrics=metrics,
            state=state,
            period=period,
        )
        paginator = LimitOffsetPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response(UnusualDaySerializer(page, many=True).data)


class UnusualDetail(APIView):
    """One unusual day."""

    @extend_schema(
        summary="One unusual day",
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH)],  # what the schema calls `pk`
        responses=UnusualDaySerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(UnusualDaySerializer(access.unusual_day_or_404(person(request), pk)).data)
