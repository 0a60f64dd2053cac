"""The records that the demo tells are ones that a team could have submitted."""

import pytest

from governance.demo.records import told
from risk import records as forms
from risk.method import load_method, newest
from risk.records.content import Sent, missing, pages


@pytest.mark.parametrize("one", told(), ids=lambda one: one["application"])
def test_each_could_have_been_submitted(one: dict) -> None:
    form, method = forms.form(one["form"]), load_method(newest())
    assert not missing(form, one["content"], method)
    sent = Sent(method)
    for _, section, values in pages(form, one["content"]):
        read = sent.section(section, values)
        for field in section.fields:
            if field.id in values and field.type != "rows":
                assert read[field.id] == values[field.id], field.id
    assert not sent.problems
    known = {field.id for section in form.sections if not section.per for field in section.fields}
    assert set(one["content"]) <= known
