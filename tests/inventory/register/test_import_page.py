"""Upload, preview, confirm."""

import os
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from inventory import tasks
from inventory.models import AIApplication, Department
from inventory.services import register_uploads
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.register.test_register_pages import signed_in

UPLOAD = reverse("inventory:import_register")
GOOD = "name,purpose,kind,department\n=A<b>,p,agent,retail\nOld,new,agent,retail\n"
BAD = "name,purpose,kind,department\nA,p,robot,retail\n=B,p,agent,=nowhere\n"


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(client: Client, text: str, **data: str) -> str:
    """Upload and return the preview's address."""
    file = SimpleUploadedFile("register.csv", text.encode(), "text/csv")
    answer = client.post(UPLOAD, {"file": file, **data})
    assert answer.status_code == 302
    return answer["Location"]


def test_preview_changes_nothing_and_confirming_imports_it(cast: Cast) -> None:
    make_application(cast.retail, "Old", purpose="old", kind="agent")
    client = signed_in(cast.alice)
    url = upload(client, GOOD)
    html = client.get(url).content.decode()
    assert "=A&lt;b&gt;" in html
    assert "<del>old</del>" in html
    assert AIApplication.objects.count() == 1
    answer = client.post(url + "confirm/")
    assert answer["Location"] == UPLOAD
    assert set(AIApplication.objects.values_list("name", "purpose")) == {("=A<b>", "p"), ("Old", "new")}
    assert client.get(url).status_code == 404  # used up


def test_problems_are_shown_and_downloaded_and_never_imported(cast: Cast) -> None:
    client = signed_in(cast.alice)
    url = upload(client, BAD)
    html = client.get(url).content.decode()
    assert "“robot” is not known." in html
    assert client.post(url + "confirm/")["Location"] == url
    assert not AIApplication.objects.exists()
    lines = client.get(url + "problems.csv").getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "line,column,problem,mend"
    assert lines[1].startswith("2,kind,Problem: “robot” is not known.")
    assert all(not cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.split(","))


def test_a_preview_belongs_to_its_person(cast: Cast) -> None:
    url = upload(signed_in(cast.alice), GOOD)
    assert signed_in(cast.bob).get(url).status_code == 404
    assert signed_in(cast.bob).post(url + "confirm/").status_code == 404
    assert signed_in(cast.dan).get(url).status_code == 403


@pytest.mark.parametrize("digest", ["0" * 64, "..", "x", "0" * 63 + "%2F"])
def test_an_unknown_upload_is_not_found(cast: Cast, digest: str) -> None:
    assert signed_in(cast.alice).get(f"/applications/import/{digest}/").status_code == 404


def test_a_register_changed_since_is_previewed_anew(cast: Cast) -> None:
    client = signed_in(cast.alice)
    url = upload(client, GOOD)
    make_application(cast.retail, "Old", purpose="new", kind="agent")
    answer = client.post(url + "confirm/", follow=True)
    assert "has changed since the preview" in answer.content.decode()
    assert AIApplication.objects.count() == 1
    client.post(url + "confirm/")
    assert AIApplication.objects.count() == 2


def test_a_file_changed_on_disk_is_refused(cast: Cast) -> None:
    client = signed_in(cast.alice)
    url = upload(client, GOOD)
    path = register_uploads.path(cast.alice, url.rstrip("/").rsplit("/", 1)[1])
    assert path is not None
    path.write_text(GOOD.replace("new", "evil"))
    client.post(url + "confirm/")
    assert not AIApplication.objects.exists()


def test_only_administrators_are_offered_new_departments(cast: Cast) -> None:
    assert "create_departments" not in signed_in(cast.alice).get(UPLOAD).content.decode()
    client = signed_in(cast.ada)
    assert "create_departments" in client.get(UPLOAD).content.decode()
    url = upload(client, "name,purpose,kind,department\nA,p,agent,Procurement\n", create_departments="on")
    assert "Procurement" in client.get(url).content.decode()
    assert not Department.objects.filter(name="Procurement").exists()
    client.post(url + "confirm/")
    assert AIApplication.objects.get().department.name == "Procurement"


def test_uploads_are_bounded_private_and_tidied(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(cast.alice)
    url = upload(client, GOOD)
    old = register_uploads.path(cast.alice, url.rstrip("/").rsplit("/", 1)[1])
    assert old is not None
    assert old.stat().st_mode & 0o777 == 0o600
    os.utime(old, (0, 0))
    upload(client, BAD)
    assert not old.exists()
    monkeypatch.setattr(register_uploads, "MOST_BYTES", 10)
    answer = client.post(UPLOAD, {"file": SimpleUploadedFile("r.csv", GOOD.encode())})
    assert "larger than" in answer.content.decode()


def test_an_expired_upload_is_refused_and_swept(cast: Cast, tmp_path: Path) -> None:
    client = signed_in(cast.alice)
    url, fresh = upload(client, BAD), upload(signed_in(cast.bob), GOOD)
    long_ago = time.time() - register_uploads.KEPT_SECONDS - 60
    folder = tmp_path / "register" / str(cast.alice.pk)
    assert len(list(folder.iterdir())) == 2  # no draft is left
    for file in folder.iterdir():
        os.utime(file, (long_ago, long_ago))
    assert client.get(url).status_code == 404
    assert client.post(url + "confirm/").status_code == 404
    tasks.purge_expired()
    assert not list(folder.iterdir())
    assert signed_in(cast.bob).get(fresh).status_code == 200
