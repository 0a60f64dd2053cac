"""What the risk storey's API says and takes. Risks are unrounded, 0 best to 100 worst."""

from rest_framework import serializers

from inventory.api.serializers import NamedField
from inventory.models import User
from risk.choices import OVERALL, Band, ControlStatus, EUClass, Principle


class ScoreSerializer(serializers.Serializer):
    """Risk of an application for one principle, or overall."""

    id = serializers.IntegerField()
    external_id = serializers.CharField()
    name = serializers.CharField()
    department = serializers.CharField()
    department_key = serializers.CharField()
    principle = serializers.ChoiceField(choices=[(OVERALL, "Overall"), *Principle.choices])
    inherent = serializers.FloatField(allow_null=True, help_text="Before controls and signals; none overall.")
    low = serializers.FloatField(allow_null=True, help_text="The best that could turn out; null at the gate.")
    point = serializers.FloatField(allow_null=True, help_text="The shown value: low plus 70 % of the range.")
    high = serializers.FloatField(allow_null=True, help_text="The worst that could turn out.")
    band = serializers.ChoiceField(
        choices=[*Band.choices, (EUClass.PROHIBITED, "Prohibited practice")],
        help_text="A prohibited practice is a gate: no number, and this in the place of its band.",
    )
    method = serializers.CharField()
    as_of = serializers.DateField()


class AnswersSerializer(serializers.Serializer):
    """Answers by question: an option, true or false, a list of options, or null for "I don't know"."""

    answers = serializers.DictField(child=serializers.JSONField(allow_null=True))
    reason = serializers.CharField(required=False, allow_blank=True, max_length=1000, write_only=True)


class ProofSerializer(serializers.Serializer):
    """What is said of an item of evidence."""

    kind = serializers.CharField(max_length=40, help_text="An evidence kind of the method, such as test_report.")
    title = serializers.CharField(max_length=300, help_text="What it shows.")
    issued = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True, help_text="Its last day; null: no end.")


class CorrectionSerializer(ProofSerializer):
    """The same, to correct it: what is left out stays."""


class LinkSerializer(ProofSerializer):
    """Evidence that lies elsewhere."""

    link = serializers.CharField(max_length=2000, help_text="https only.")


class NewEvidenceSerializer(ProofSerializer):
    """A file or a link."""

    control = serializers.CharField(max_length=16)
    link = serializers.CharField(max_length=2000, required=False, help_text="https only.")
    file = serializers.FileField(required=False, help_text="Sent as multipart/form-data.")


class WithdrawalSerializer(serializers.Serializer):
    """Why it no longer counts."""

    why = serializers.CharField(max_length=1000)


class EvidenceSerializer(serializers.Serializer):
    """One item of evidence."""

    id = serializers.IntegerField()
    control = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    link = serializers.CharField()
    file_name = serializers.CharField()
    sha256 = serializers.CharField(source="file_id", allow_null=True)
    size = serializers.IntegerField(source="file.size", default=None)
    issued = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True)
    added_by = serializers.CharField(source="added_by.username", default=None)
    added_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_by = serializers.CharField(source="withdrawn_by.username", default=None)
    withdrawn_why = serializers.CharField()


class ControlStateSerializer(serializers.Serializer):
    """What is stated of one control. *Evidenced* takes current evidence, which may come along; *verified* not."""

    control = serializers.CharField(max_length=16)
    status = serializers.ChoiceField(choices=ControlStatus.choices)
    as_of = serializers.DateField(required=False, help_text="From this day on it ages; today where none is given.")
    due = serializers.DateField(required=False, allow_null=True, help_text="By when the next step is promised.")
    owner = NamedField(slug_field="username", queryset=User.objects.all(), required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=4000)
    evidence = LinkSerializer(required=False, write_only=True, help_text="A link, added as evidence in the same step.")
    valid_until = serializers.DateField(read_only=True, help_text="The last day of its evidence; null: no end.")
    evidenced_until = serializers.DateField(
        read_only=True, help_text="Verified: up to when other evidence keeps it evidenced after that; null: it doesn't."
    )
    not_applicable = serializers.BooleanField(read_only=True, help_text="Two people agreed that it does not apply.")
    inherited_from: serializers.SlugRelatedField = serializers.SlugRelatedField(
        slug_field="external_id", read_only=True, help_text="The platform whose statement this repeats."
    )
