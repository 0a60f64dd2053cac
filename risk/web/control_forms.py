"""What people state of controls, read out of forms and saved."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.web.forms import PersonField
from inventory.web.requests import PersonRequest
from risk.choices import ControlStatus
from risk.selectors.controls import Line
from risk.services import controls
from risk.services.assessments import OvertakenError
from risk.web.open_forms import OpenForm, values_of

VERIFIED_BY_REVIEWER = "Only a reviewer can state this as independently verified. Choose another state."


class StateForm(OpenForm):
    """What a person states of one control. Without a status the control is left as it is."""

    status = forms.ChoiceField(
        choices=[("", _("Not answered")), *ControlStatus.choices], required=False, label=_("State")
    )
    as_of = forms.DateField(
        required=False, label=_("As of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    due = forms.DateField(
        required=False, label=_("Next step by"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    owner = PersonField(required=False, max_length=254, label=_("Seen to by"))
    note = forms.CharField(
        required=False, max_length=4000, label=_("Note"), widget=forms.Textarea(attrs={"rows": 2}), strip=True
    )

    def __init__(self, *args: Any, may_verify: bool, **kwargs: Any) -> None:
        """Who may not review is not offered *Independently verified*, unless that is how it stands."""
        super().__init__(*args, **kwargs)
        self.fields["owner"].widget.attrs |= {"list": "people", "autocomplete": "off"}
        today = timezone.localdate().isoformat()
        self.fields["as_of"].widget.attrs |= {"data-day-of": self["status"].id_for_label, "data-today": today}
        if not may_verify and self.initial.get("status") != ControlStatus.VERIFIED:
            status = self.fields["status"]
            status.choices = [one for one in status.choices if one[0] != ControlStatus.VERIFIED]  # type: ignore[attr-defined]
            status.error_messages["invalid_choice"] = VERIFIED_BY_REVIEWER


def forms_of(
    request: PersonRequest, application: AIApplication, shown: Iterable[Line] | None = None
) -> Callable[..., StateForm]:
    """Makes the form of a control, from what is stated of it now and, where given, what the person sent. `shown`: the
    lines of these controls, where the page has read them already."""
    may_verify = access.may(request.user, Permission.REVIEW, application.department)
    if shown is None:
        stated = application.control_states.select_related("owner", "stated_by")
        states = {one.control: one for one in stated}
    else:
        states = {line.control.id: line.state for line in shown if line.state}

    def form(key: str, data: QueryDict | None = None) -> StateForm:
        state = states.get(key)
        stored = values_of(state, controls.FIELDS) if state else {}
        initial = stored or {"as_of": timezone.localdate()}
        repeats = state is not None and state.inherited_from_id is not None
        return StateForm(data, prefix=key, initial=initial, stored=stored, repeats=repeats, may_verify=may_verify)

    return form


def save_state(request: PersonRequest, application: AIApplication, key: str, form: StateForm) -> bool:
    """State what the person changed; what is wrong, and what somebody else stated meanwhile, stands on the form. A form
    without a status says nothing."""
    if form.keeps_theirs:
        return True
    if not form.is_valid():
        return False
    changed = form.changed()
    if not form.cleaned_data["status"] or not changed:
        return True
    if "status" in changed and "as_of" not in changed and not request.htmx:  # type: ignore[attr-defined]
        changed["as_of"] = timezone.localdate()  # a new state is true from now; scripts show that in the field
    stated = {**form.stored, **changed}
    try:
        controls.state_control(actor=request.user, application=application, control=key, seen=form.seen, **stated)
    except OvertakenError as problems:
        state = application.control_states.select_related("owner", "stated_by").get(control=key)
        form.overtaken(values_of(state, controls.FIELDS), state.stated_by, state.stated_at)
        form.add_error("status", problems.message_dict["status"])
        return False
    except ValidationError as problems:
        for field, texts in problems.message_dict.items():
            form.add_error(field if field in form.fields else None, texts)
        return False
    except PermissionDenied:
        form.add_error("status", VERIFIED_BY_REVIEWER)
        return False
    return True
