"""What is written here is what Django's templates write."""

from datetime import date

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from inventory.web.form_renderer import FormRenderer

HOSTILE = """<b>"x" & 'y'</b>"""
CHOICES = [
    ("", _("Choose …")),
    (1, "one"),
    (2, HOSTILE),
    (12345, 12345),
    (_("Group"), [("a", mark_safe("A&nbsp;a")), (HOSTILE, "b")]),
]
DATE = forms.DateInput(attrs={"type": "date", "data-today": "2026-11-29"}, format="%Y-%m-%d")


@pytest.mark.parametrize(
    ("widget", "value"),
    [
        *((forms.TextInput(attrs={"list": "people", "title": HOSTILE}), value) for value in (None, "", HOSTILE, 12345)),
        *((forms.NumberInput(attrs={"min": 0, "step": None}), value) for value in (0, 1.5, 12345)),
        (forms.TextInput(attrs={HOSTILE: _("Group"), "required": True, "disabled": False}), mark_safe("a&amp;b")),
        (forms.EmailInput(), "a@b.example"),
        (forms.URLInput(), "https://b.example/?a=1&b=2"),
        (forms.PasswordInput(), "secret"),
        (forms.PasswordInput(render_value=True), "secret"),
        (forms.HiddenInput(), HOSTILE),
        (DATE, date(2026, 11, 1)),
        *((forms.CheckboxInput(attrs={"class": "form-check-input"}), value) for value in (True, False, "on")),
        *((forms.Textarea(attrs={"rows": 2}), value) for value in (None, "", f"\n{HOSTILE}\n", mark_safe("&lt;"))),
        *((forms.Select(choices=CHOICES), value) for value in (None, "", 2, "12345", HOSTILE, "nothing of it")),
        (forms.SelectMultiple(attrs={"size": 4}, choices=CHOICES), ["1", "a"]),
        (forms.NullBooleanSelect(), True),
        (forms.RadioSelect(choices=CHOICES), "1"),
        (forms.ClearableFileInput(), None),
    ],
)
def test_a_widget_is_written_as_its_template_writes_it(widget, value):
    attributes = {"id": "id_field", "class": "form-control"}
    written = widget.render(HOSTILE, value, attributes, FormRenderer())
    assert written == widget.render(HOSTILE, value, attributes, DjangoTemplates())
    assert hasattr(written, "__html__")
