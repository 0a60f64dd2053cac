"""Migrating without waste: the state is what it would be, and nothing stays changed."""

from types import SimpleNamespace

from django.db import models
from django.db.migrations.state import ModelState, ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from governance.management.migrated import fewer_models

THING = ("inventory", "thing")


def _state() -> ProjectState:
    state = ProjectState()
    state.add_model(ModelState("inventory", "Thing", [("id", models.AutoField(primary_key=True))]))
    assert state.apps.get_model(*THING)  # from now on a change of the state makes models anew
    return state


def test_a_trigger_is_known_and_makes_no_model_anew() -> None:
    state, trigger = _state(), SimpleNamespace(name="guard")
    made = state.apps.get_model(*THING)
    with fewer_models():
        AddTrigger("thing", trigger).state_forwards("inventory", state)
        assert state.models[THING].options["triggers"] == [trigger]
        RemoveTrigger("thing", "guard").state_forwards("inventory", state)
        assert state.models[THING].options["triggers"] == []
        assert state.apps.get_model(*THING) is made
        state.add_field(*THING, "name", models.TextField(), preserve_default=True)
    assert state.apps.get_model(*THING)._meta.get_field("name")


def test_afterwards_everything_is_as_it_was() -> None:
    plain = AddTrigger.state_forwards, RemoveTrigger.state_forwards
    with fewer_models():
        assert AddTrigger.state_forwards is not plain[0]
    assert (AddTrigger.state_forwards, RemoveTrigger.state_forwards) == plain
