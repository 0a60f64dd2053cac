"""Migrating without waste: the state is what it would be, and nothing stays changed."""

from types import SimpleNamespace

from django.contrib.postgres.fields import ArrayField
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
    plain = AddTrigger.state_forwards, RemoveTrigger.state_forwards, models.Field.clone
    with fewer_models():
        assert AddTrigger.state_forwards is not plain[0]
        assert models.Field.clone is not plain[2]
    assert (AddTrigger.state_forwards, RemoveTrigger.state_forwards, models.Field.clone) == plain


def test_a_model_is_made_of_the_fields_as_they_were_written() -> None:
    """In their order, whoever took them before; and of one model's field no other one learns."""
    fields = {
        "id": models.AutoField(primary_key=True),
        "late": models.TextField(default="later", db_index=True),
        "above": models.ForeignKey("inventory.Thing", models.CASCADE, related_name="below", null=True),
        "many": ArrayField(models.TextField(), default=list),
    }
    fields["late"].creation_counter = fields["many"].creation_counter + 1  # written down after the others
    plain, quick = ProjectState(), ProjectState()
    for state in (plain, quick):
        state.add_model(ModelState("inventory", "Thing", list(fields.items())))
    with fewer_models():
        made = [quick.clone().apps.get_model(*THING), quick.clone().apps.get_model(*THING)]
    expected = [str(field.deconstruct()) for field in plain.apps.get_model(*THING)._meta.fields]
    for model in made:
        assert [str(field.deconstruct()) for field in model._meta.fields] == expected
        for field in model._meta.fields:
            assert field.model is model
            assert getattr(field, "base_field", field).model is model
            assert field.remote_field is None or field.remote_field.model is model
    assert not hasattr(fields["above"], "model")
    assert fields["above"].remote_field.model == "inventory.Thing"
