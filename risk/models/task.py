"""What somebody is to do about an application, with the effect it was promised to have."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from inventory.models import AIApplication
from inventory.models.history import tracked
from risk.choices import TaskState


@tracked()
class Task(models.Model):
    """A control to bring to a state, or a question to settle by an answer; exactly one of the two.

    `wanted` is that state (a text) or that answer (as `Answer.value`). The task is done once what is stated has reached
    it, in the same transaction. `before`, `after`: the overall risk when it was made, and with this change alone; null
    where it was or would be a prohibited practice, which is a gate and never a number.
    """

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="tasks", db_index=False)
    control = models.CharField(max_length=16, blank=True)
    question = models.CharField(max_length=64, blank=True)
    wanted = models.JSONField()
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="tasks", db_index=False
    )
    due = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    before = models.FloatField(null=True)
    after = models.FloatField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = [models.F("due").asc(nulls_last=True), "id"]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(control="") & Q(question="")) | (Q(control="") & ~Q(question="")),
                name="task_about_one_thing",
            ),
            models.UniqueConstraint(
                fields=["application", "control", "question"],
                condition=Q(state=TaskState.OPEN),
                name="task_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "state", "due"], name="task_by_owner"),
            models.Index(fields=["application", "-id"], name="task_by_application"),
        ]

    def __str__(self) -> str:
        return self.title
