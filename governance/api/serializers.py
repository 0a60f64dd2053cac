"""What the roof's API says. Risks are unrounded, 0 best to 100 worst; shares run from 0 to 1."""

from rest_framework import serializers

from risk.choices import Band, Principle, RequirementStatus


class RiskSerializer(serializers.Serializer):
    """Risk of a department (docs/method.md §7), live applications only."""

    index = serializers.FloatField()
    worst = serializers.FloatField(help_text="The worst application.")
    tail = serializers.FloatField(help_text="Mean of the worst quarter of exposure.")
    mean = serializers.FloatField(help_text="Mean by exposure.")
    band = serializers.ChoiceField(choices=Band.choices)
    critical_share = serializers.FloatField(help_text="Share of exposure in critical.")
    high_share = serializers.FloatField(help_text="Share of exposure in high or critical.")
    count = serializers.IntegerField(help_text="Live applications.")


class PrinciplesSerializer(serializers.Serializer):
    """The six principles; null where no live application is below the department."""


for _principle in Principle:
    PrinciplesSerializer._declared_fields[_principle.value] = RiskSerializer(allow_null=True)


class DepartmentSerializer(serializers.Serializer):
    """A department with everything below it."""

    key = serializers.CharField()
    name = serializers.CharField()
    parent_key = serializers.CharField(allow_null=True)
    head = serializers.CharField(allow_null=True)
    cost_centre = serializers.CharField(allow_blank=True)
    as_of = serializers.DateField(allow_null=True, help_text="The day on which the figures were taken.")
    overall = RiskSerializer(allow_null=True)
    principles = PrinciplesSerializer()


class FrameworkSerializer(serializers.Serializer):
    """A framework with its figures: pairs of a live application and a requirement, by state."""

    framework = serializers.CharField(source="framework.id")
    name = serializers.CharField(source="framework.name")
    version = serializers.CharField(source="framework.version")
    binding = serializers.BooleanField(source="framework.binding")
    met = serializers.IntegerField()
    partial = serializers.IntegerField()  # type: ignore[assignment]  # DRF has an attribute of this name on classes
    gap = serializers.IntegerField()
    unknown = serializers.IntegerField()
    upcoming = serializers.IntegerField()
    not_assessed = serializers.IntegerField()
    overdue = serializers.IntegerField(help_text="Not met though a due day has passed.")
    coverage_low = serializers.FloatField(source="low", allow_null=True, help_text="Unanswered controls as missing.")
    coverage_high = serializers.FloatField(source="high", allow_null=True, help_text="Unanswered controls as in place.")


class PairSerializer(serializers.Serializer):
    """A requirement as it stands for a live application."""

    framework = serializers.CharField()
    version = serializers.CharField()
    requirement = serializers.CharField()
    title = serializers.CharField()
    binding = serializers.BooleanField()
    application = serializers.CharField()
    department = serializers.CharField()
    state = serializers.ChoiceField(choices=RequirementStatus.choices)
    fulfilment = serializers.FloatField(allow_null=True, help_text="From 0 to 1, unanswered controls as missing.")
    controls = serializers.CharField(allow_null=True, help_text="Ids of the asked controls, parted by semicolons.")
    due = serializers.DateField(allow_null=True)
    obligation_from = serializers.DateField(allow_null=True)


class UsageSerializer(serializers.Serializer):
    """Use of an AI app by the people of a department on a day."""

    application = serializers.CharField(help_text="The name seen, where it is not registered.")
    department = serializers.CharField()
    day = serializers.DateField()
    interactions = serializers.IntegerField()
    users = serializers.IntegerField(help_text="Distinct; they don't add up over rows.")
    sensitive = serializers.IntegerField()
    jailbreak = serializers.IntegerField()
    injection = serializers.IntegerField()
