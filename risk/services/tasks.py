"""Tasks: made of what was tried on a copy, done as soon as what is stated has reached what they promise."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import in_english
from inventory.models import AIApplication, User
from risk.choices import ControlStatus, TaskState
from risk.method import load_method
from risk.models import Answer, ControlState, Task
from risk.scoring.application import ControlInput
from risk.scoring.case import Stated
from risk.scoring.formulas import effectiveness
from risk.scoring.judgement import Judgement
from risk.scoring.method import Control, Method
from risk.scoring.questionnaire import step_of
from risk.scoring.what_if import Changes, tried
from risk.selectors.causes import answer_text, question_text

if TYPE_CHECKING:
    from django.db.models import QuerySet


@transaction.atomic
def plan(
    *,
    actor: User | None,
    application: AIApplication,
    judgement: Judgement,
    changes: Changes,
    owner: User | None = None,
    due: date | None = None,
) -> list[Task]:
    """Make a task of each control and answer that was tried; what has an open task already keeps that one.

    `judgement`: the one on which it was tried, for the promised effects. Raises PermissionDenied, or ValidationError
    where the owner may not see the application, the day has passed, or nothing was tried that a person could do.
    """
    access.require(actor, Permission.EDIT, application.department)
    _check(application, owner, due)
    method = load_method()
    drafts = _drafts(judgement, changes, method)
    if not drafts:
        raise ValidationError(_("Try a control above its state or an answer first: of these, tasks can be made."))
    AIApplication.objects.select_for_update(of=("self",), no_key=True).get(pk=application.pk)  # one planner at a time
    held = set(Task.objects.filter(application=application, state=TaskState.OPEN).values_list("control", "question"))
    made = []
    for draft, alone in drafts:
        if (draft.control, draft.question) in held:
            continue
        draft.application, draft.owner, draft.due, draft.created_by = application, owner, due, actor
        draft.before, draft.after = _promised(judgement), _promised(tried(judgement, alone, method))
        draft.save()
        made.append(draft)
        audit_log.record(
            actor=actor,
            action="task.made",
            summary=f"Task for {application.external_id}: {draft.title}",
            obj=application,
            details={"task": draft.pk, "owner": owner.username if owner else None, "due": due and due.isoformat()},
        )
    return made


def _check(application: AIApplication, owner: User | None, due: date | None) -> None:
    if owner is not None and not access.applications(owner).filter(pk=application.pk).exists():
        raise ValidationError({"owner": _("%(owner)s may not see this application.") % {"owner": owner}})
    if due is not None and due < timezone.localdate():
        raise ValidationError({"due": _("This day has passed.")})


def may_follow(judgement: Judgement, changes: Changes) -> bool:
    """Whether something was tried of which a task can be made."""
    return bool(_drafts(judgement, changes, load_method()))


def _promised(judgement: Judgement) -> float | None:
    """The overall risk of a judgement; None at the gate."""
    return None if judgement.inputs.prohibited else judgement.score.point


def _drafts(judgement: Judgement, changes: Changes, method: Method) -> list[tuple[Task, Changes]]:
    return [*_of_controls(judgement, changes, method), *_of_answers(changes, method)]


def _of_controls(judgement: Judgement, changes: Changes, method: Method) -> Iterable[tuple[Task, Changes]]:
    for key, status in changes.controls.items():
        stated = judgement.case.controls.get(key)
        if stated and (not stated.applicable or _is_worth(stated, status, judgement.day, method.controls[key], method)):
            continue  # so there is nothing to reach
        title = f"Bring {key} {method.controls[key].title} to “{in_english(ControlStatus(status).label)}”"
        yield Task(control=key, wanted=status, title=title[:300]), Changes(controls={key: status})


def _is_worth(stated: Stated, status: str, day: date, control: Control, method: Method) -> bool:
    """Whether a statement does as much on a day as that status stated anew: ended evidence is an attestation, and past
    its review it fades."""
    order: list[str | None] = [None, *ControlStatus.values]
    standing = stated.status_on(day)
    if standing is None or order.index(standing) < order.index(status):
        return False
    age = max(0, (day - stated.as_of).days)
    worth = effectiveness(
        ControlInput(control.id, control.severity, standing, age, control.review_days, True, {}), method
    )
    return worth is not None and worth >= method.control_status[status]


def _of_answers(changes: Changes, method: Method) -> Iterable[tuple[Task, Changes]]:
    for key, answer in changes.answers.items():
        if answer is None or step_of(key, method) is None:
            continue  # "I don't know" is nothing to reach, nor is what nobody is asked about an application
        with translation.override(None):  # it is kept
            title = f"{question_text(key, method)}: reach “{answer_text(key, answer, method)}”"
        yield Task(question=key, wanted=answer, title=title[:300]), Changes(answers={key: answer})


@transaction.atomic
def cancel(*, actor: User | None, task: Task, reason: str = "") -> None:
    """Give a task up; one that is closed already stays as it is. Raises PermissionDenied."""
    application = task.application
    access.require(actor, Permission.EDIT, application.department)
    open_ones = Task.objects.filter(pk=task.pk, state=TaskState.OPEN)
    if not open_ones.update(state=TaskState.CANCELLED, closed_at=Now()):
        return
    audit_log.record(
        actor=actor,
        action="task.cancelled",
        summary=f"Gave up for {application.external_id}: {task.title}",
        obj=application,
        reason=reason,
        details={"task": task.pk},
    )


def settle(applications: "QuerySet[AIApplication] | Iterable[int]") -> None:
    """Close the open tasks of these applications that are reached. Called in the transaction of every statement."""
    open_ones = Task.objects.filter(state=TaskState.OPEN, application__in=applications).order_by("pk")
    waiting = list(open_ones.select_for_update(of=("self",)).select_related("application__department"))
    if not waiting:
        return
    reached = _reached(waiting, timezone.localdate())
    Task.objects.filter(pk__in=[one.pk for one in reached]).update(state=TaskState.DONE, closed_at=Now())
    for task in reached:
        audit_log.record(
            actor=None,
            action="task.done",
            summary=f"Done for {task.application.external_id}: {task.title}",
            obj=task.application,
            details={"task": task.pk},
        )


def _reached(waiting: list[Task], day: date) -> list[Task]:
    """Those whose control is worth as much as wanted or does not apply, or whose answer is given; two queries."""
    method, of = load_method(), {"application__in": {one.application_id for one in waiting}}
    states = ControlState.objects.filter(**of, control__in={one.control for one in waiting}).order_by()
    stated = {(one.application_id, one.control): one for one in states}
    answers = Answer.objects.filter(**of, question__in={one.question for one in waiting}).order_by()
    given = {(one.application_id, one.question): one.value for one in answers}

    def is_reached(task: Task) -> bool:
        if task.question:
            answer = given.get((task.application_id, task.question))
            return type(answer) is type(task.wanted) and bool(answer == task.wanted)
        one, control = stated.get((task.application_id, task.control)), method.controls.get(task.control)
        if one is None or control is None:
            return False
        known = Stated(one.status, one.as_of, valid_until=one.valid_until, evidenced_until=one.evidenced_until)
        return one.left_out_on(day) or _is_worth(known, task.wanted, day, control, method)

    return [one for one in waiting if is_reached(one)]
