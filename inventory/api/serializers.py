"""Applications and tokens as the API reads and writes them; services do the work."""

from typing import Any

from django.core.exceptions import ValidationError as Refused
from rest_framework import serializers

from inventory import access
from inventory.access import Permission
from inventory.choices import IdentifierKind
from inventory.models import AIApplication, User
from inventory.services import applications
from inventory.services.sessions import TOKEN_DAYS


class NamedField(serializers.SlugRelatedField):
    """Something by its name or key; a name that PostgreSQL can't hold is the name of nothing."""

    def to_internal_value(self, data):
        if "\x00" in str(data):
            self.fail("does_not_exist", slug_name=self.slug_field, value="…")
        return super().to_internal_value(data)


class EditableDepartments(NamedField):
    """A department by its external key, of those where the caller may edit; any other doesn't exist for them."""

    def get_queryset(self):
        return access.departments(self.context["request"].user, Permission.EDIT)


class IdentifierSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=IdentifierKind.choices)
    value = serializers.CharField(max_length=500)


class ApplicationSerializer(serializers.ModelSerializer):
    """One AI application. Needed to register: name, purpose, kind, department."""

    department = EditableDepartments(slug_field="key", help_text="External key of the department.")
    owner = NamedField(slug_field="username", queryset=User.objects.all(), required=False, allow_null=True)
    deputy = NamedField(slug_field="username", queryset=User.objects.all(), required=False, allow_null=True)
    identifiers = IdentifierSerializer(many=True, required=False, help_text="The whole set; left out: unchanged.")

    class Meta:
        model = AIApplication
        fields = (
            "id",
            "external_id",
            "name",
            "purpose",
            "kind",
            "origin",
            "vendor",
            "department",
            "lifecycle",
            "owner",
            "deputy",
            "next_review",
            "identifiers",
            "registered_at",
            "updated_at",
        )
        read_only_fields = ("registered_at", "updated_at")
        extra_kwargs = {"external_id": {"required": False, "help_text": "Left out: the next number, like AI-00042."}}

    def validate_external_id(self, value: str) -> str:
        if self.instance is not None and value != self.instance.external_id:
            raise serializers.ValidationError("The external id of a registered application stays.")
        return value

    def create(self, validated_data: dict[str, Any]) -> AIApplication:
        given = validated_data.pop("identifiers", [])
        return applications.register_application(
            actor=self.context["request"].user,
            identifiers=[(item["kind"], item["value"]) for item in given],
            **validated_data,
        )

    def update(self, instance: AIApplication, validated_data: dict[str, Any]) -> AIApplication:
        actor = self.context["request"].user
        validated_data.pop("external_id", None)
        given = validated_data.pop("identifiers", None)
        if validated_data:
            instance = applications.update_application(actor=actor, application=instance, **validated_data)
        if given is not None:
            pairs = [(item["kind"], item["value"]) for item in given]
            applications.set_identifiers(actor=actor, application=instance, identifiers=pairs)
        return instance


class TokenSerializer(serializers.Serializer):
    """An API token without its secret."""

    token_key = serializers.CharField(help_text="How the token begins; names it when it is revoked.")
    created = serializers.DateTimeField()
    expiry = serializers.DateTimeField()


class NewTokenSerializer(serializers.Serializer):
    """How long the new token shall be valid."""

    days = serializers.ChoiceField(choices=TOKEN_DAYS, default=90)


class CreatedTokenSerializer(TokenSerializer):
    """The new token: `token` is shown only in this answer."""

    token = serializers.CharField()


def refused(problems: Refused) -> serializers.ValidationError:
    """What a service refused, as the API's 400."""
    detail = problems.message_dict if hasattr(problems, "error_dict") else {"non_field_errors": problems.messages}
    return serializers.ValidationError(detail)
