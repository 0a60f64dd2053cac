"""The forms of the register, of departments and of people. Services check what counts; forms read and explain."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.access import Permission
from inventory.choices import ApplicationKind, IdentifierKind, Lifecycle, Origin, RoleKind
from inventory.models import AIApplication, Department, User
from inventory.selectors.people import person_called
from inventory.selectors.register import DepartmentChoice, department_choices
from inventory.services.lifecycle import NEXT_LIFECYCLES
from inventory.services.sessions import TOKEN_DAYS

LIST_FROM = 13  # departments from which on typing beats a drop-down list
LIST_UNTIL = 200  # applications from which on nobody finds one in a drop-down list, and the page grows with the estate


def add_service_errors(form: forms.Form, problems: ValidationError) -> None:
    """Show what a service refused at the fields it names; a field this form lacks shows at the top."""
    by_field = problems.message_dict if hasattr(problems, "error_dict") else {NON_FIELD_ERRORS: problems.messages}
    for field, messages in by_field.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, message)


class DepartmentField(forms.CharField):
    """A department of those given: a drop-down list while they are few, else a text with suggestions.

    Accepts a key, the path that is suggested, or a name that only one of them has.
    """

    def __init__(self, choices: list[DepartmentChoice], **options: Any) -> None:
        super().__init__(**options)
        self.departments = choices
        self.suggest = len(choices) >= LIST_FROM
        if self.suggest:
            self.widget = forms.TextInput(attrs={"list": "department-options", "autocomplete": "off"})
        else:
            first = [] if len(choices) == 1 else [("", _("Choose …"))]
            self.widget = forms.Select(choices=[*first, *((choice.key, choice.path) for choice in choices)])
        self.widget.is_required = self.required

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Department):
            value = value.key
        if self.suggest:
            return next((choice.path for choice in self.departments if choice.key == value), value)
        return value

    def clean(self, value: Any) -> Department | None:
        text = super().clean(value).strip().casefold()
        if not text:
            return None
        for spelling in ("key", "path", "name"):
            found = [choice for choice in self.departments if getattr(choice, spelling).casefold() == text]
            if len(found) == 1:
                return Department.objects.get(pk=found[0].pk)
            if found:
                keys = ", ".join(choice.key for choice in found)
                raise ValidationError(
                    gettext("Several departments are called so. Use a key: %(keys)s.") % {"keys": keys}
                )
        raise ValidationError(gettext("There is no such department where you may do this. Choose one of the list."))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != data


class ApplicationField(forms.CharField):
    """An AI application among those that a form sets: a drop-down list while they are few, else a text. Accepts an
    external id, or a name that only one of them has."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.among: QuerySet[AIApplication] = AIApplication.objects.none()

    def offer(self, applications: QuerySet[AIApplication]) -> None:
        """Choose among these, the few or the many that there are; one query, for no more than a list can hold."""
        self.among = applications
        few = list(applications.order_by("name").values_list("external_id", "name")[:LIST_UNTIL])
        if len(few) < LIST_UNTIL:
            self.widget = forms.Select(choices=[("", _("Choose …")), *few])
            self.widget.is_required = self.required
        else:
            self.widget.attrs["autocomplete"] = "off"
            self.help_text = _("Its external id, or its name where only one is called so.")

    def prepare_value(self, value: Any) -> Any:
        return value.external_id if isinstance(value, AIApplication) else value

    def clean(self, value: Any) -> AIApplication | None:
        text = super().clean(value).strip()
        if not text:
            return None
        for wanted in ({"external_id": text}, {"name__iexact": text}):
            found = list(self.among.filter(**wanted).select_related("department")[:2])
            if len(found) == 1:
                return found[0]
            if found:
                raise ValidationError(gettext("Several applications are called so. Write the external id."))
        raise ValidationError(gettext("There is no such application where you may do this."))


class PersonField(forms.CharField):
    """A person by name, user name or e-mail address."""

    def prepare_value(self, value: Any) -> Any:
        return value.username if isinstance(value, User) else value

    def clean(self, value: Any) -> User | None:
        return person_called(super().clean(value))


class RegisterForm(forms.Form):
    """Four fields make an application exist; the others wait behind “more”."""

    FIRST = ("name", "purpose", "kind", "department")

    name = forms.CharField(max_length=200, help_text=_("What people call it."), label=_("Name"))
    purpose = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=_("What is it for?"),
        help_text=_("One or two sentences: what it does, for whom, and what happens with its output."),
    )
    kind = forms.ChoiceField(choices=ApplicationKind.choices, initial=ApplicationKind.APPLICATION, label=_("Kind"))
    origin = forms.ChoiceField(
        choices=[("", _("From the vendor field")), *Origin.choices], required=False, label=_("Origin")
    )
    vendor = forms.CharField(
        max_length=200, required=False, help_text=_("Empty when it is made in-house."), label=_("Vendor")
    )
    lifecycle = forms.ChoiceField(
        choices=Lifecycle.choices, initial=Lifecycle.IDEA, required=False, label=_("Life cycle")
    )
    owner = PersonField(max_length=254, required=False, help_text=_("Name, user name or e-mail."), label=_("Owner"))
    deputy = PersonField(max_length=254, required=False, help_text=_("Name, user name or e-mail."), label=_("Deputy"))
    external_id = forms.CharField(
        max_length=64,
        required=False,
        label=_("External id"),
        help_text=_("Empty: it gets the next number, like AI-00042."),
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = department_choices(user, Permission.EDIT)
        self.fields["department"] = DepartmentField(choices, help_text=_("Which department answers for it?"))

    def clean_lifecycle(self) -> str:
        """Four fields are enough: what is not said is an idea, or stays what it is."""
        return self.cleaned_data["lifecycle"] or self.initial.get("lifecycle") or Lifecycle.IDEA

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST]

    @property
    def more(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.FIRST]

    @property
    def more_has_errors(self) -> bool:
        return any(field.errors for field in self.more)


class EditForm(RegisterForm):
    """Everything the register states of an application. `version` is when it was last changed as the person saw it."""

    next_review = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), label=_("Next review")
    )
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, application: AIApplication, **options: Any) -> None:
        super().__init__(*args, **options)
        del self.fields["external_id"]
        self.application = application
        self.fields["origin"].choices = Origin.choices  # type: ignore[attr-defined]
        states = (application.lifecycle, *NEXT_LIFECYCLES[application.lifecycle])
        self.fields["lifecycle"].choices = [(state, Lifecycle(state).label) for state in states]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(application: AIApplication) -> dict[str, Any]:
        """What the form shows of the application."""
        names = (
            "name",
            "purpose",
            "kind",
            "origin",
            "vendor",
            "lifecycle",
            "owner",
            "deputy",
            "department",
            "next_review",
        )
        return {**{name: getattr(application, name) for name in names}, "version": application.updated_at.isoformat()}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("version") != self.application.updated_at.isoformat():
            raise ValidationError(
                gettext(
                    "Somebody changed this application while you were editing. Your text is below; compare "
                    "it with the present state and save again."
                )
            )
        return found

    def changes(self) -> dict[str, Any]:
        """For `update_application`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class IdentifierForm(forms.Form):
    kind = forms.ChoiceField(choices=IdentifierKind.choices, label=_("Type"))
    value = forms.CharField(max_length=500, label=_("Value"))


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("Register file"),
        help_text=_("CSV, UTF-8, separated by comma or semicolon, with a header."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    create_departments = forms.BooleanField(
        required=False,
        label=_("Add departments that the file names and the organisation doesn't have"),
        help_text=_("They come below the organisation; place them in the tree afterwards."),
    )

    def __init__(self, *args: Any, administers: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not administers:
            del self.fields["create_departments"]


class DepartmentForm(forms.Form):
    """A department; `department` is the one being changed, or None for a new one."""

    name = forms.CharField(max_length=200, label=_("Name"))
    key = forms.CharField(
        max_length=64,
        required=False,
        label=_("External key"),
        help_text=_("As in other systems and files. Empty: made from the name."),
    )
    head = PersonField(max_length=254, required=False, help_text=_("Name, user name or e-mail."), label=_("Head"))
    cost_centre = forms.CharField(max_length=64, required=False, label=_("Cost centre"))
    aliases = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=_("Other names"),
        help_text=_("One a line: how user lists and register files call it. Capitals don't matter."),
    )

    def __init__(self, *args: Any, user: User, department: Department | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if department is not None:
            self.fields["key"].required = True
            self.fields["key"].help_text = "As in other systems and files. Links and API calls use it."
        if department is None or department.parent_id is not None:
            choices = department_choices(user, Permission.ADMIN)
            self.fields["parent"] = DepartmentField(choices, label=_("Belongs to"))
            self.order_fields(["name", "parent"])

    @staticmethod
    def initial_of(department: Department) -> dict[str, Any]:
        names = ("name", "key", "head", "cost_centre", "parent")
        return {**{name: getattr(department, name) for name in names}, "aliases": "\n".join(department.aliases)}

    def clean_aliases(self) -> list[str]:
        return [line for line in self.cleaned_data["aliases"].splitlines() if line.strip()]


class PersonForm(forms.Form):
    username = forms.CharField(
        max_length=150, label=_("User name"), help_text=_("Stays: the audit log names people by it.")
    )
    display_name = forms.CharField(max_length=150, required=False, label=_("Full name"))
    email = forms.EmailField(required=False, label=_("E-mail"))

    def __init__(self, *args: Any, known: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if known:
            del self.fields["username"]


class RoleForm(forms.Form):
    kind = forms.ChoiceField(choices=RoleKind.choices, label=_("Role"))

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = department_choices(user, Permission.ADMIN)
        self.fields["department"] = DepartmentField(choices, help_text=_("It holds for everything below, too."))


class TokenForm(forms.Form):
    days = forms.TypedChoiceField(
        coerce=int, choices=[(days, f"{days} days") for days in TOKEN_DAYS], initial=90, label=_("Valid for")
    )
