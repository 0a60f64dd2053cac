
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0004_attacks'),
        ('risk', '0001_judgement'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='controlstate',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='controlstate',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='controlstate',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='controlstate',
            name='inherited_from',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='passed_on_controls', to='inventory.aiapplication'),
        ),
        migrations.AddField(
            model_name='controlstate',
            name='not_applicable',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='controlstate',
            name='owner',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='controlstate',
            name='valid_until',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='controlstateevent',
            name='inherited_from',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='inventory.aiapplication'),
        ),
        migrations.AddField(
            model_name='controlstateevent',
            name='not_applicable',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='controlstateevent',
            name='owner',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='controlstateevent',
            name='valid_until',
            field=models.DateField(null=True),
        ),
        migrations.AlterField(
            model_name='controlstate',
            name='status',
            field=models.CharField(choices=[('not_started', 'Not started'), ('planned', 'Planned'), ('in_progress', 'In progress'), ('attested', 'Attested'), ('evidenced', 'Evidenced'), ('verified', 'Independently verified')], max_length=16, null=True),
        ),
        migrations.AlterField(
            model_name='controlstateevent',
            name='status',
            field=models.CharField(choices=[('not_started', 'Not started'), ('planned', 'Planned'), ('in_progress', 'In progress'), ('attested', 'Attested'), ('evidenced', 'Evidenced'), ('verified', 'Independently verified')], max_length=16, null=True),
        ),
        migrations.AddIndex(
            model_name='controlstate',
            index=models.Index(condition=models.Q(('inherited_from__isnull', False)), fields=['inherited_from'], name='control_state_inherited'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='controlstate',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "risk_controlstateevent" ("application_id", "as_of", "control", "due", "id", "inherited_from_id", "not_applicable", "note", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stated_at", "stated_by_id", "status", "valid_until") SELECT new_values."application_id", new_values."as_of", new_values."control", new_values."due", new_values."id", new_values."inherited_from_id", new_values."not_applicable", new_values."note", new_values."owner_id", NOW(), \'insert\', new_values."id", new_values."stated_at", new_values."stated_by_id", new_values."status", new_values."valid_until" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='a097652ece95dce959a4ec0e451aaff144aa9fcc', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_215ba', referencing='REFERENCING NEW TABLE AS new_values ', table='risk_controlstate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='controlstate',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "risk_controlstateevent" ("application_id", "as_of", "control", "due", "id", "inherited_from_id", "not_applicable", "note", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stated_at", "stated_by_id", "status", "valid_until") SELECT new_values."application_id", new_values."as_of", new_values."control", new_values."due", new_values."id", new_values."inherited_from_id", new_values."not_applicable", new_values."note", new_values."owner_id", NOW(), \'update\', new_values."id", new_values."stated_at", new_values."stated_by_id", new_values."status", new_values."valid_until" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='32f1c898a9f9a9871d3dba2356c84e512f643712', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_83847', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='risk_controlstate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='controlstate',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "risk_controlstateevent" ("application_id", "as_of", "control", "due", "id", "inherited_from_id", "not_applicable", "note", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stated_at", "stated_by_id", "status", "valid_until") SELECT old_values."application_id", old_values."as_of", old_values."control", old_values."due", old_values."id", old_values."inherited_from_id", old_values."not_applicable", old_values."note", old_values."owner_id", NOW(), \'delete\', old_values."id", old_values."stated_at", old_values."stated_by_id", old_values."status", old_values."valid_until" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='d6ab3f787d486b869fe905394168bdb0627e4563', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_268fd', referencing='REFERENCING OLD TABLE AS old_values ', table='risk_controlstate', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='controlstate',
            constraint=models.CheckConstraint(condition=models.Q(('status__isnull', False), ('not_applicable', True), _connector='OR'), name='control_state_says_something'),
        ),
    ]
