"""What the risk storey's API says and takes. Risks are unrounded, 0 best to 100 worst."""

from rest_framework import serializers

from risk.choices import OVERALL, Band, ControlStatus, Principle


class ScoreSerializer(serializers.Serializer):
    """Risk of an application for one principle, or overall."""

    id = serializers.IntegerField()
    external_id = serializers.CharField()
    name = serializers.CharField()
    department = serializers.CharField()
    department_key = serializers.CharField()
    principle = serializers.ChoiceField(choices=[(OVERALL, "Overall"), *Principle.choices])
    inherent = serializers.FloatField(allow_null=True, help_text="Before controls and signals; none overall.")
    low = serializers.FloatField(help_text="The best that could turn out.")
    point = serializers.FloatField(help_text="The shown value: low plus 70 % of the range.")
    high = serializers.FloatField(help_text="The worst that could turn out.")
    band = serializers.ChoiceField(choices=Band.choices)
    method = serializers.CharField()
    as_of = serializers.DateField()


class AnswersSerializer(serializers.Serializer):
    """Answers by question: an option, true or false, a list of options, or null for "I don't know"."""

    answers = serializers.DictField(child=serializers.JSONField(allow_null=True))
    reason = serializers.CharField(required=False, allow_blank=True, max_length=1000, write_only=True)


class ControlStateSerializer(serializers.Serializer):
    """What is stated of one control."""

    control = serializers.CharField(max_length=16)
    status = serializers.ChoiceField(choices=ControlStatus.choices)
    as_of = serializers.DateField(required=False, help_text="From this day on it ages; today where none is given.")
    due = serializers.DateField(required=False, allow_null=True, help_text="By when the next step is promised.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=4000)
