"""Recommendations for machines: the cards of departments, and the rows behind one; as they stand, or stood."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.views import AS_OF, DEPARTMENT, OF_APPLICATIONS, PAGING, Listing
from governance.models import Gravity, RecommendationState
from governance.selectors import recommendation_evidence, recommendations, recommendations_then
from governance.selectors.among import among_words
from governance.selectors.narrowing import LIVE, RECOMMENDATIONS, WHOSE, Filters
from governance.selectors.recommendation_rows import unanswerable
from governance.selectors.recommendations_among import counted
from inventory.api.narrowing import refuse
from inventory.models import Department, User
from inventory.selectors.scope import subtree

SEVERITIES = [one.name.lower() for one in Gravity]


class RecommendationSerializer(serializers.Serializer):
    """What a rule says about a department with everything below it; cards of a department and of the one above it hold
    the same findings and don't add up."""

    id = serializers.IntegerField(source="pk")
    rule = serializers.IntegerField(source="rule.number")
    title = serializers.CharField(source="rule.title")
    trigger = serializers.CharField(allow_blank=True, help_text="Of a past day not kept.")
    action = serializers.CharField(source="rule.action")
    principles = serializers.ListField(child=serializers.CharField(), source="rule.principles")
    department = serializers.CharField(source="department.key")
    severity = serializers.ChoiceField(choices=SEVERITIES, allow_blank=True, help_text="Empty: not kept of the day.")
    state = serializers.ChoiceField(choices=RecommendationState.choices)
    since = serializers.DateTimeField(help_text="Of the state.")
    rows = serializers.IntegerField(help_text="Findings: the number of rows of evidence.")
    amount = serializers.IntegerField(
        allow_null=True, help_text="The sum of the amounts of the rows; of chosen applications not kept by day."
    )
    unit = serializers.CharField(source="rule.unit")
    departments = serializers.IntegerField(help_text="In which something is found.")
    owner = serializers.CharField(source="owner_username", allow_blank=True, help_text="Of today alone.")
    reason = serializers.CharField(allow_blank=True, help_text="Of a dismissal.")
    until = serializers.DateField(allow_null=True, help_text="The last day of a dismissal; of today alone.")


class RecommendationThenSerializer(RecommendationSerializer):
    """The same of a past day."""

    amount = serializers.IntegerField(source="amount_kept", allow_null=True)


class FindingSerializer(serializers.Serializer):
    """A row of evidence."""

    name = serializers.CharField()
    kind = serializers.CharField()
    department = serializers.CharField(source="department_key", allow_blank=True)
    amount = serializers.IntegerField(allow_null=True, help_text="Not kept by day.")
    severity = serializers.ChoiceField(choices=SEVERITIES)
    note = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField()


class RecommendationList(Listing):
    """The card of each department and rule; the same as the export `recommendations`."""

    narrowing = RECOMMENDATIONS
    dated = True

    @extend_schema(
        summary="Recommendations by department",
        parameters=[
            DEPARTMENT,
            OpenApiParameter("state", str, enum=RecommendationState.values, description="Several parted by commas."),
            OpenApiParameter("severity", str, enum=SEVERITIES, description="Several parted by commas."),
            OpenApiParameter("who", str, enum=WHOSE, description="Given to the caller, or to nobody."),
            *OF_APPLICATIONS,
            AS_OF,
            *PAGING,
        ],
        responses=RecommendationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        user, department = self.asked(request)
        asked, departments = self.filters(request), subtree(user, department)
        day = self.day(request, lambda: recommendations_then.first_day_in(departments))
        if day < timezone.localdate():
            return self._then(request, user, departments, asked, day)
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

    def _then(
        self, request: Request, user: User, departments: QuerySet[Department], asked: Filters, then: date
    ) -> Response:
        if why := unanswerable(asked, then):
            refuse([why])
        states, severities = asked.get("state", ()), asked.get("severity", ())
        cards = recommendations_then.of_departments(user, departments, then, among_words(asked, then))
        found = [one for one in cards if one.fits(states, severities)]
        paginator, rows = self.paged(request, found)
        return paginator.get_paginated_response(RecommendationThenSerializer(rows, many=True).data)


class RecommendationEvidence(Listing):
    """The rows behind a card; their amounts add up to its own."""

    narrowing = LIVE
    dated = True

    @extend_schema(
        summary="What a recommendation rests on",
        parameters=[DEPARTMENT, *OF_APPLICATIONS, AS_OF, *PAGING],
        responses=FindingSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        user, department = self.asked(request)
        asked, card = self.filters(request), recommendations.card_or_404(user, pk)
        day = self.day(request, lambda: recommendations_then.first_findings_of(pk))
        past = day < timezone.localdate()
        if past:
            before = recommendations_then.card_or_404(user, pk, day)
            found: QuerySet[Any] = recommendations_then.spells(user, before, day, among_words(asked, day))
        else:
            found = recommendation_evidence.subjects_of(user, card, left=among_words(asked))
        if department is not None and department.parent_id is not None:
            found = found.filter(department__in=Department.objects.subtree_of(department).order_by().values("pk"))
        paginator, rows = self.paged(request, found)
        lines = recommendations_then.lines(rows) if past else recommendation_evidence.lines(user, rows)
        return paginator.get_paginated_response(FindingSerializer(lines, many=True).data)
