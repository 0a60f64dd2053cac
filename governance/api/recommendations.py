"""Recommendations for machines: the cards of departments, and the rows behind one."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.views import DEPARTMENT, OF_APPLICATIONS, PAGING, Listing
from governance.models import Gravity, RecommendationState
from governance.selectors import recommendation_evidence, recommendations
from governance.selectors.among import among_words
from governance.selectors.narrowing import LIVE, RECOMMENDATIONS, WHOSE
from governance.selectors.recommendations_among import counted
from inventory.models import Department
from inventory.selectors.scope import subtree

SEVERITIES = [one.name.lower() for one in Gravity]


class RecommendationSerializer(serializers.Serializer):
    """What a rule says about a department with everything below it; cards of a department and of the one above it hold
    the same findings and don't add up."""

    id = serializers.IntegerField(source="pk")
    rule = serializers.IntegerField(source="rule.number")
    title = serializers.CharField(source="rule.title")
    trigger = serializers.CharField()
    action = serializers.CharField(source="rule.action")
    principles = serializers.ListField(child=serializers.CharField(), source="rule.principles")
    department = serializers.CharField(source="department.key")
    severity = serializers.ChoiceField(choices=SEVERITIES)
    state = serializers.ChoiceField(choices=RecommendationState.choices)
    since = serializers.DateTimeField(help_text="Of the state.")
    rows = serializers.IntegerField(help_text="Findings: the number of rows of evidence.")
    amount = serializers.IntegerField(help_text="The sum of the amounts of the rows.")
    unit = serializers.CharField(source="rule.unit")
    departments = serializers.IntegerField(help_text="In which something is found.")
    owner = serializers.CharField(source="owner_username", allow_blank=True)
    reason = serializers.CharField(allow_blank=True, help_text="Of a dismissal.")
    until = serializers.DateField(allow_null=True, help_text="The last day of a dismissal.")


class FindingSerializer(serializers.Serializer):
    """A row of evidence."""

    name = serializers.CharField()
    kind = serializers.CharField()
    department = serializers.CharField(source="department_key", allow_blank=True)
    amount = serializers.IntegerField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    note = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField()


class RecommendationList(Listing):
    """The card of each department and rule; the same as the export `recommendations`."""

    narrowing = RECOMMENDATIONS

    @extend_schema(
        summary="Recommendations by department",
        parameters=[
            DEPARTMENT,
            OpenApiParameter("state", str, enum=RecommendationState.values, description="Several parted by commas."),
            OpenApiParameter("severity", str, enum=SEVERITIES, description="Several parted by commas."),
            OpenApiParameter("who", str, enum=WHOSE, description="Given to the caller, or to nobody."),
            *OF_APPLICATIONS,
            *PAGING,
        ],
        responses=RecommendationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, department = self.asked(request)
        asked, departments = self.filters(request), subtree(user, department)
        counts, severities = counted(user, among_words(asked), departments), asked.get("severity", ())
        found = recommendations.of_departments(
            departments, states=asked.get("state", ()), severities=severities if counts is None else ()
        )
        found = recommendations.whose(found, user, "".join(asked.get("who", ())))
        if counts is not None:  # what is found of them decides which cards there are
            found = found.filter(pk__in=recommendations.fitting(found, counts, severities))
        paginator, rows = self.paged(request, found)
        rows = rows if counts is None else recommendations.recounted(rows, counts)
        cards = recommendations.as_cards(rows)
        return paginator.get_paginated_response(RecommendationSerializer(cards, many=True).data)


class RecommendationEvidence(Listing):
    """The rows behind a card; their amounts add up to its own."""

    narrowing = LIVE

    @extend_schema(
        summary="What a recommendation rests on",
        parameters=[DEPARTMENT, *OF_APPLICATIONS, *PAGING],
        responses=FindingSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        user, department = self.asked(request)
        left = among_words(self.filters(request))
        card = recommendations.card_or_404(user, pk)
        found = recommendation_evidence.subjects_of(user, card, left=left)
        if department is not None and department.parent_id is not None:
            below = Department.objects.subtree_of(department).order_by().values("pk")
            found = found.filter(department__in=below)
        paginator, rows = self.paged(request, found)
        lines = recommendation_evidence.lines(user, rows)
        return paginator.get_paginated_response(FindingSerializer(lines, many=True).data)
