"""The ground storey's API: the register, and one's own tokens. What the caller may not see is a 404."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import access
from inventory.access import Permission
from inventory.api.serializers import (
    ApplicationSerializer,
    CreatedTokenSerializer,
    NewTokenSerializer,
    TokenSerializer,
    refused,
)
from inventory.choices import ApplicationKind, Lifecycle
from inventory.models import AIApplication, User
from inventory.services import sessions


def person(request: Request) -> User:
    """Whose request it is: IsAuthenticated lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


class ApplicationFilter(filters.FilterSet):
    """The same names as in the address of the list page."""

    department = filters.CharFilter(method="of_department", help_text="External key; its sub-tree is included.")
    kind = filters.MultipleChoiceFilter(choices=ApplicationKind.choices)
    lifecycle = filters.MultipleChoiceFilter(choices=Lifecycle.choices)
    q = filters.CharFilter(method="containing", help_text="Part of the name, purpose, vendor or external id.")
    external_id = filters.CharFilter()
    updated_since = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = AIApplication
        fields = ("department", "kind", "lifecycle", "q", "external_id", "updated_since")

    def of_department(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.in_department(access.department_or_404(self.request.user, value))

    def containing(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(value)


@extend_schema_view(
    list=extend_schema(summary="AI applications that you may see"),
    retrieve=extend_schema(summary="One AI application"),
    create=extend_schema(summary="Register an AI application"),
    partial_update=extend_schema(summary="Change an AI application"),
)
class ApplicationViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet,
):
    """The register."""

    queryset = AIApplication.objects.none()  # for the schema; `get_queryset` decides
    serializer_class = ApplicationSerializer
    filterset_class = ApplicationFilter
    filter_backends = (filters.DjangoFilterBackend, OrderingFilter)
    ordering_fields = ("name", "external_id", "kind", "lifecycle", "registered_at", "updated_at")
    ordering = ("name", "id")
    http_method_names = ("get", "post", "patch", "head", "options")

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        seen = access.applications(person(self.request))
        return seen.select_related("department", "owner", "deputy").prefetch_related("identifiers")

    def get_object(self) -> AIApplication:
        application = super().get_object()
        if self.request.method == "PATCH":
            access.require(person(self.request), Permission.EDIT, application.department)
        return application

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        access.require(person(request), Permission.EDIT)  # before anything is said about the input
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        self._save(serializer)

    def perform_update(self, serializer: Any) -> None:
        self._save(serializer)
        serializer.instance = self.get_queryset().get(pk=serializer.instance.pk)

    @transaction.atomic
    def _save(self, serializer: Any) -> None:
        try:
            serializer.save()
        except ValidationError as problems:
            raise refused(problems) from problems


class TokenViewSet(viewsets.ViewSet):
    """One's own API tokens."""

    lookup_field = "token_key"
    lookup_value_regex = "[^/]+"

    @extend_schema(summary="My API tokens", responses=TokenSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(TokenSerializer(sessions.tokens(person(request)), many=True).data)

    @extend_schema(summary="Make an API token", request=NewTokenSerializer, responses={201: CreatedTokenSerializer})
    def create(self, request: Request) -> Response:
        """Only in a signed-in session: a token can't prolong its own life by making another."""
        if not isinstance(request.successful_authenticator, SessionAuthentication):
            raise PermissionDenied("Sign in to make a token; a token can't make tokens.")
        given = NewTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            row, token = sessions.create_token(actor=person(request), days=given.validated_data["days"])
        except ValidationError as problems:
            raise refused(problems) from problems
        answer = {"token_key": row.token_key, "created": row.created, "expiry": row.expiry, "token": token}
        return Response(CreatedTokenSerializer(answer).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Revoke one of my API tokens",
        parameters=[OpenApiParameter("token_key", str, OpenApiParameter.PATH)],
        responses={204: None},
    )
    def destroy(self, request: Request, token_key: str) -> Response:
        if not sessions.revoke_token(actor=person(request), token_key=token_key):
            raise Http404("No such token.")
        return Response(status=status.HTTP_204_NO_CONTENT)
