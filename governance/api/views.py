"""The roof's API: departments, frameworks, compliance, usage. The same selectors as the pages and the exports."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.api.serializers import DepartmentSerializer, FrameworkSerializer, PairSerializer, UsageSerializer
from governance.selectors import chosen_departments, compliance, compliance_rows, rollups, usage_rows
from governance.selectors.among import among_words
from governance.selectors.extent import Column, Extent
from governance.selectors.narrowing import ASSESSED, DAYS, LIVE, NOTHING, REQUIREMENTS, Filters
from governance.selectors.requirements import Pairs
from inventory import access
from inventory.access import Permission
from inventory.api.narrowing import refuse
from inventory.choices import ApplicationKind
from inventory.models import Department, User
from inventory.selectors.asked import Problem, Reader
from inventory.selectors.scope import scope_of, subtree
from risk.choices import OVERALL, Principle
from risk.selectors.history import first_day

DEPARTMENT = OpenApiParameter("department", str, description="External key; its sub-tree is included.")
BELOW = OpenApiParameter("below", str, enum=["no"], description="Only what lies directly in `department`.")
AS_OF = OpenApiParameter("as_of", str, description="The end of a past day, ISO 8601.")
# Of those that the caller sees
OF_APPLICATIONS = [
    OpenApiParameter("kind", str, enum=ApplicationKind.values, description="Of the applications that alone count."),
    OpenApiParameter("band", str, description="The same; several parted by commas."),
    OpenApiParameter("class", str, description="The same, by class of the EU AI Act."),
    OpenApiParameter("owner", str, description="The same, by user name of the owner."),
]
PAGING = [OpenApiParameter("limit", int), OpenApiParameter("offset", int)]


class Listing(APIView):
    """A list that is cut to what the caller may see; `dated`: of the end of a past day too."""

    narrowing = NOTHING
    dated = False

    def asked(self, request: Request) -> tuple[User, Department | None]:
        """Who asks, and below which department; one out of sight is a 404."""
        assert isinstance(request.user, User)  # IsAuthenticated lets nobody else in
        reader = Reader(request.query_params)
        key = reader.text("department")
        refuse(reader.problems)
        return request.user, access.department_or_404(request.user, key) if key else None

    def filters(self, request: Request) -> Filters:
        """By what else the list is to be narrowed; what can't be applied is a 400."""
        filters, problems = self.narrowing.read(request.query_params, "This list", self.dated)
        refuse(problems)
        return filters

    def day(self, request: Request, oldest: Callable[[], date | None]) -> date:
        """The day asked for, today by default. One to come, or a past one before the first that is known (`oldest`), is
        a 400."""
        reader, today = Reader(request.query_params), timezone.localdate()
        day = reader.day("as_of") or today
        if day > today:
            reader.refuse("as_of", day.isoformat(), _("is still to come"))
        elif day < today and ((first := oldest()) is None or day < first):
            reader.refuse("as_of", day.isoformat(), _("is before the first figures"))
        refuse(reader.problems)
        return day

    def paged(self, request: Request, found: Any) -> tuple[LimitOffsetPagination, Sequence[Any]]:
        """The page asked for of anything with a length that can be cut."""
        paginator = LimitOffsetPagination()
        return paginator, paginator.paginate_queryset(found, request, view=self) or []


class DepartmentList(Listing):
    """Departments with their risk, each with everything below it; narrowed, of the applications that are left."""

    narrowing = LIVE
    dated = True

    @extend_schema(
        summary="Departments with index, parts and principles",
        parameters=[DEPARTMENT, *OF_APPLICATIONS, AS_OF, *PAGING],
        responses=DepartmentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, department = self.asked(request)
        asked, today = self.filters(request), timezone.localdate()
        found = subtree(user, department).select_related("parent", "head").order_by("key")
        day = self.day(request, lambda: first_day(found))
        left = among_words(asked, day if day < today else None)
        paginator, rows = self.paged(request, found)
        shown = Department.objects.filter(pk__in=[one.pk for one in rows])
        scope = scope_of(user, department)
        figures = chosen_departments.risks(scope, left, rollups.ALL) if left else rollups.risks(shown, day)
        risks = {(one.department_id, one.principle): one for one in figures}
        data = [_department(one, risks) for one in rows]
        return paginator.get_paginated_response(DepartmentSerializer(data, many=True).data)


def _department(one: Department, risks: dict[tuple[int, str], rollups.Risk]) -> dict[str, Any]:
    overall = risks.get((one.pk, OVERALL))
    return {
        "key": one.key,
        "name": one.name,
        "parent_key": one.parent.key if one.parent else None,
        "head": one.head.username if one.head else None,
        "cost_centre": one.cost_centre,
        "as_of": overall.day if overall else None,
        "overall": overall,
        "principles": {principle.value: risks.get((one.pk, principle.value)) for principle in Principle},
    }


class FrameworkList(Listing):
    """Coverage by framework. Binding and voluntary frameworks are never added up. That of a past day is kept for whole
    departments alone, so that it can't be narrowed."""

    narrowing = LIVE
    dated = True

    @extend_schema(
        summary="Frameworks with their coverage",
        parameters=[DEPARTMENT, *OF_APPLICATIONS, AS_OF],
        responses=FrameworkSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        scope = scope_of(*self.asked(request))
        asked, today = self.filters(request), timezone.localdate()
        day = self.day(request, lambda: first_day(scope.departments()))
        if day < today:
            why, mend = _("is known of today alone"), _("Leave it out.")
            refuse([Problem(name, ",".join(words), why, mend) for name, words in asked.items()])
        return Response(FrameworkSerializer(compliance.frameworks(scope, day, among_words(asked)), many=True).data)


class ComplianceList(Listing):
    """Requirements that apply to live applications; columns as in the export `compliance`."""

    narrowing = REQUIREMENTS

    @extend_schema(
        summary="Requirements by live application",
        parameters=[
            DEPARTMENT,
            OpenApiParameter("framework", str, description="Its id. Several are parted by commas."),
            OpenApiParameter("binding", str, enum=["yes", "no"]),
            OpenApiParameter("requirement", str, description="Needs one `framework`. Several are parted by commas."),
            OpenApiParameter("state", str, enum=ASSESSED, description="Several are parted by commas."),
            OpenApiParameter("overdue", str, enum=["yes"], description="Not met though a due day has passed."),
            BELOW,
            *OF_APPLICATIONS,
            *PAGING,
        ],
        responses=PairSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, department = self.asked(request)
        asked = compliance_rows.assessed(self.filters(request), department)
        paginator, rows = self.paged(request, Pairs(user, department, asked))
        data = [named(compliance_rows.COLUMNS, compliance_rows.as_row(pair)) for pair in rows]
        return paginator.get_paginated_response(PairSerializer(data, many=True).data)


class UsageList(Listing):
    """Interactions by AI app, department and day; columns as in the export `usage`."""

    narrowing = DAYS

    @extend_schema(
        summary="Usage by AI app, department and day",
        parameters=[
            DEPARTMENT,
            OpenApiParameter("since", str, description="First day, ISO 8601."),
            OpenApiParameter("until", str, description="Last day, ISO 8601."),
            *PAGING,
        ],
        responses=UsageSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, department = self.asked(request)
        access.require(user, Permission.EXPORT, department)
        found = usage_rows.selected(Extent(user, timezone.localdate(), department, self.filters(request)))
        paginator, rows = self.paged(request, found)
        data = [named(usage_rows.COLUMNS, row) for row in rows]
        return paginator.get_paginated_response(UsageSerializer(data, many=True).data)


def named(columns: Sequence[Column], row: tuple) -> dict[str, Any]:
    """A row of a dataset by the names of its columns."""
    return dict(zip((column.name for column in columns), row, strict=True))
