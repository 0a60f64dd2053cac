"""The application of an incident: chosen from a list while there are few, written where there are many."""

import pytest
from django.core.exceptions import ValidationError

from inventory.models import AIApplication
from risk.web.incidents import RecordForm
from tests.builders import make_application
from tests.cast import Cast


def test_an_application_is_chosen_from_a_list_or_written(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    one, *_ = (make_application(cast.cards, name="Only one"), *make_twins(cast))
    assert f'<option value="{one.external_id}">Only one</option>' in str(RecordForm(cast.bob)["application"])
    monkeypatch.setattr("inventory.web.forms.LIST_UNTIL", 3)
    field = RecordForm(cast.bob)["application"]
    assert ("<option" in str(field), "external id" in str(field.help_text)) == (False, True)
    assert field.field.clean("only ONE") == field.field.clean(one.external_id) == one
    for text, why in (("Twins", "Several"), ("Nothing", "no such"), ("", "required")):
        with pytest.raises(ValidationError, match=why):
            field.field.clean(text)


def make_twins(cast: Cast) -> list[AIApplication]:
    """Two of one name, in two departments."""
    return [make_application(department, name="Twins") for department in (cast.retail, cast.cards)]
