"""How much a page lets in: what it takes, and next to nothing where it takes no file."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.builders import make_application
from tests.cast import Cast


def file(size: int) -> SimpleUploadedFile:
    return SimpleUploadedFile("some.csv", b"x" * size)


@pytest.fixture
def ada(cast: Cast, client: Client, settings: Settings) -> Client:
    settings.UPLOAD_MAX_BYTES = 3 << 20
    settings.EVIDENCE_MAX_BYTES = 1 << 20
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 10
    client.force_login(cast.ada)
    return client


def test_each_page_has_a_limit_of_its_own(cast: Cast, ada: Client) -> None:
    """Two megabytes and a half are a feed, and neither evidence nor anything that a page without files takes."""
    evidence = f"/applications/{make_application(cast.cards).pk}/controls/GV-01/evidence/"
    answers = {
        path: ada.post(path, {"file": file(5 << 19)}).status_code
        for path in ("/feeds/", evidence, "/applications/register/")
    }
    assert answers == {"/feeds/": 200, evidence: 400, "/applications/register/": 400}


def test_who_is_not_signed_in_sends_next_to_nothing(ada: Client) -> None:
    """The check of the form's token reads the body before anybody is asked who it is."""
    stranger = Client(enforce_csrf_checks=True)
    stranger.get("/accounts/login/")
    token = next(cookie.value for name, cookie in stranger.cookies.items() if "csrf" in name)
    for size, expected in ((1 << 9, 302), (5 << 19, 400)):
        answer = stranger.post("/feeds/", {"csrfmiddlewaretoken": token, "file": file(size)})
        assert answer.status_code == expected
