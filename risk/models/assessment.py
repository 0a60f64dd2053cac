"""What people answered: about one application, and once for an organisation or a department."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication, Department
from inventory.models.history import tracked


@tracked()
class Answer(models.Model):
    """The answer to one question of the method about one application.

    `question` is a factor of scoring.yaml, a question of classification.yaml or a questionnaire fact of facts.yaml.
    `value` is an option (text), yes/no (true, false) or a list of options; SQL NULL is an explicit "I don't know".
    A question without a row was never answered, which scores the same but is still open.
    """

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="answers", db_index=False)
    question = models.CharField(max_length=64)
    value = models.JSONField(null=True)
    answered_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "question"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.question}={self.value}"


@tracked()
class OrganisationAnswer(models.Model):
    """A fact about the organisation, or of a department that differs. For an application the nearest department up
    the tree wins (contracts §2)."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="organisation_answers", db_index=False)
    question = models.CharField(max_length=64)
    value = models.BooleanField(null=True)
    answered_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "question"], name="organisation_answer_once")]

    def __str__(self) -> str:
        return f"{self.question}={self.value}"
