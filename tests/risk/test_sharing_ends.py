"""A sharing that ends, told by the history of the application that repeated it."""

from html import unescape

import pytest
from django.urls import reverse

from inventory.models import AIApplication
from risk.method import load_method
from risk.services import applicability, controls, sharing
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.test_pages import as_, shown


def told(cast: Cast, application: AIApplication) -> str:
    return unescape(shown(as_(cast.alice), reverse("risk:history", args=[application.pk])))


@pytest.mark.django_db(transaction=True)  # a transaction is a moment
def test_a_left_out_control_says_that_its_sharing_ended(cast: Cast, application: AIApplication) -> None:
    platform = make_application(cast.retail, "Model platform")
    controls.state_control(actor=cast.alice, application=platform, control="GV-01", status="attested")
    among = AIApplication.objects.filter(pk=application.pk)
    sharing.share(actor=cast.alice, platform=platform, controls=["GV-01"], applications=among)
    asked = applicability.ask(actor=cast.alice, application=application, control="GV-01", reason="Not here.")
    applicability.decide(actor=cast.bob, request=asked, approve=True)
    assert "No longer inherited" not in told(cast, application)
    sharing.end_sharing(actor=cast.alice, platform=platform, controls=["GV-01"])
    history = told(cast, application)
    assert history.count("No longer inherited from Model platform") == 1
    title = load_method().controls["GV-01"].title
    assert (
        f"GV-01 {title}: attested" in history.split("No longer inherited from Model platform")[1].split("</details>")[0]
    )


@pytest.mark.django_db(transaction=True)
def test_an_own_statement_in_its_place_is_told_once(cast: Cast, application: AIApplication) -> None:
    platform = make_application(cast.retail, "Model platform")
    controls.state_control(actor=cast.alice, application=platform, control="GV-01", status="attested")
    among = AIApplication.objects.filter(pk=application.pk)
    sharing.share(actor=cast.alice, platform=platform, controls=["GV-01"], applications=among)
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status="planned")
    assert "No longer inherited" not in told(cast, application)
