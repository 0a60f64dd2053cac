import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


# Every installation has its root department: the organisation itself.
ROOT_DEPARTMENT = """
INSERT INTO inventory_department (key, name, cost_centre, aliases, from_feed)
VALUES ('organisation', 'Organisation', '', '{}', false)"""


class Migration(migrations.Migration):

    replaces = [('inventory', '0001_register'), ('inventory', '0002_root_department'), ('inventory', '0003_activity'), ('inventory', '0004_attacks'), ('inventory', '0005_alert_feeds')]

    initial = True

    dependencies = [
        # its functions are what the triggers of the row history call
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='SeenUser',
            fields=[
                ('pseudonym', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=300)),
                ('folded', models.CharField(max_length=300, unique=True)),
                ('operations', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(choices=[(1, 'Copilot experience or agent'), (2, 'AI app or site'), (3, 'Connected AI app'), (4, 'Copilot in a team')]), default=list, size=None)),
                ('agent_id', models.CharField(blank=True, max_length=300)),
                ('app_identity', models.CharField(blank=True, max_length=300)),
                ('host', models.CharField(blank=True, max_length=300)),
                ('candidates', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('interactions', models.BigIntegerField(default=0)),
                ('first_seen', models.DateTimeField()),
                ('last_seen', models.DateTimeField()),
            ],
            options={
                'ordering': ['-interactions', 'id'],
                'indexes': [models.Index(fields=['-interactions', 'id'], name='sighting_by_use'), models.Index(fields=['-last_seen', 'id'], name='sighting_by_time')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('username', models.CharField(max_length=150, unique=True)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('display_name', models.CharField(blank=True, max_length=150)),
                ('is_active', models.BooleanField(default=True)),
                ('date_joined', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('username'), name='username_once_whatever_the_case')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_userevent" ("date_joined", "display_name", "email", "id", "is_active", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") SELECT new_values."date_joined", new_values."display_name", new_values."email", new_values."id", new_values."is_active", NOW(), \'insert\', new_values."id", new_values."username" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='ccfb88f6eb1c2427caa85b1987d7881c1a9e6744', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_aa99c', referencing='REFERENCING NEW TABLE AS new_values ', table='inventory_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_userevent" ("date_joined", "display_name", "email", "id", "is_active", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") SELECT new_values."date_joined", new_values."display_name", new_values."email", new_values."id", new_values."is_active", NOW(), \'update\', new_values."id", new_values."username" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."date_joined" IS DISTINCT FROM (new_values."date_joined") OR old_values."display_name" IS DISTINCT FROM (new_values."display_name") OR old_values."email" IS DISTINCT FROM (new_values."email") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."is_active" IS DISTINCT FROM (new_values."is_active") OR old_values."username" IS DISTINCT FROM (new_values."username")) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='c4042ae0e61e01387e3a9deb0a19043c28a8ee1a', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_d37ed', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='inventory_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_userevent" ("date_joined", "display_name", "email", "id", "is_active", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") SELECT old_values."date_joined", old_values."display_name", old_values."email", old_values."id", old_values."is_active", NOW(), \'delete\', old_values."id", old_values."username" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='2518627dde3b1bd76e921047bc10743bd3d7e942', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_130cc', referencing='REFERENCING OLD TABLE AS old_values ', table='inventory_user', when='AFTER')),
        ),
        migrations.CreateModel(
            name='Department',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True, verbose_name='external key')),
                ('name', models.CharField(max_length=200)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='inventory.department')),
                ('head', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='heads_departments', to=settings.AUTH_USER_MODEL)),
                ('cost_centre', models.CharField(blank=True, max_length=64)),
                ('aliases', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('from_feed', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(models.F('parent'), condition=models.Q(('parent', None)), name='one_root_department', nulls_distinct=False)],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='department',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_departmentevent" ("aliases", "cost_centre", "from_feed", "head_id", "id", "key", "name", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."aliases", new_values."cost_centre", new_values."from_feed", new_values."head_id", new_values."id", new_values."key", new_values."name", new_values."parent_id", NOW(), \'insert\', new_values."id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='75f8a44419776c49a3beff6aba1ddec8efefc8a4', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_86a85', referencing='REFERENCING NEW TABLE AS new_values ', table='inventory_department', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='department',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_departmentevent" ("aliases", "cost_centre", "from_feed", "head_id", "id", "key", "name", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."aliases", new_values."cost_centre", new_values."from_feed", new_values."head_id", new_values."id", new_values."key", new_values."name", new_values."parent_id", NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='a8ccf6b30b79bcc5867d274161b50e07d6d89ffa', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_537e4', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='inventory_department', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='department',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_departmentevent" ("aliases", "cost_centre", "from_feed", "head_id", "id", "key", "name", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT old_values."aliases", old_values."cost_centre", old_values."from_feed", old_values."head_id", old_values."id", old_values."key", old_values."name", old_values."parent_id", NOW(), \'delete\', old_values."id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='88491c69ee362775d731ade011dd1b7fe5a69ab4', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_600c3', referencing='REFERENCING OLD TABLE AS old_values ', table='inventory_department', when='AFTER')),
        ),
        migrations.CreateModel(
            name='ImportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, max_length=40)),
                ('file_name', models.CharField(max_length=255)),
                ('stored_as', models.CharField(blank=True, max_length=100)),
                ('size', models.BigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('uploaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('claim', models.UUIDField(null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('bytes_read', models.BigIntegerField(default=0)),
                ('next_line', models.BigIntegerField(default=0)),
                ('rows', models.BigIntegerField(default=0)),
                ('stored', models.BigIntegerField(default=0)),
                ('duplicates', models.BigIntegerField(default=0)),
                ('quarantined', models.BigIntegerField(default=0)),
                ('ignored', models.BigIntegerField(default=0)),
                ('unmatched', models.BigIntegerField(default=0)),
                ('newest_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['id'], name='batch_to_do'), models.Index(fields=['-created_at', '-id'], name='batch_by_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rows', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('stored'), '+', models.F('duplicates')), '+', models.F('quarantined')), '+', models.F('ignored')))), name='every_row_is_accounted_for')],
            },
        ),
        migrations.CreateModel(
            name='UserEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to=settings.AUTH_USER_MODEL)),
                ('id', models.BigIntegerField()),
                ('username', models.CharField(max_length=150)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('display_name', models.CharField(blank=True, max_length=150)),
                ('is_active', models.BooleanField(default=True)),
                ('date_joined', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='userevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='838adb8a3b57476daf0d236b87bff1e449464ee3', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a8e11', table='inventory_userevent', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='AIApplication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('purpose', models.TextField(max_length=4000)),
                ('kind', models.CharField(choices=[('application', 'Application'), ('copilot', 'Copilot'), ('agent', 'Agent'), ('model', 'Model'), ('embedded_feature', 'Embedded feature')], max_length=20)),
                ('origin', models.CharField(choices=[('in_house', 'In-house'), ('vendor', 'Vendor')], default='in_house', max_length=20)),
                ('vendor', models.CharField(blank=True, max_length=200)),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='inventory.department')),
                ('lifecycle', models.CharField(choices=[('idea', 'Idea'), ('in_review', 'In review'), ('approved', 'Approved'), ('live', 'Live'), ('suspended', 'Suspended'), ('retired', 'Retired')], default='idea', max_length=20)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='owns', to=settings.AUTH_USER_MODEL)),
                ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deputises', to=settings.AUTH_USER_MODEL)),
                ('next_review', models.DateField(blank=True, null=True)),
                ('registered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'AI application',
                'ordering': ['name', 'id'],
                'indexes': [models.Index(fields=['name', 'id'], name='application_by_name'), models.Index(fields=['department', 'lifecycle'], name='application_by_department'), models.Index(fields=['-updated_at', 'id'], name='application_by_update'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('name'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('purpose'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('vendor'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('external_id'), 'gin_trgm_ops'), name='application_search')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='aiapplication',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_aiapplicationevent" ("department_id", "deputy_id", "external_id", "id", "kind", "lifecycle", "name", "next_review", "origin", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "registered_at", "updated_at", "vendor") SELECT new_values."department_id", new_values."deputy_id", new_values."external_id", new_values."id", new_values."kind", new_values."lifecycle", new_values."name", new_values."next_review", new_values."origin", new_values."owner_id", NOW(), \'insert\', new_values."id", new_values."purpose", new_values."registered_at", new_values."updated_at", new_values."vendor" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='1dfae040195fb184465a25cbb919ace000384263', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_bb683', referencing='REFERENCING NEW TABLE AS new_values ', table='inventory_aiapplication', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='aiapplication',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_aiapplicationevent" ("department_id", "deputy_id", "external_id", "id", "kind", "lifecycle", "name", "next_review", "origin", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "registered_at", "updated_at", "vendor") SELECT new_values."department_id", new_values."deputy_id", new_values."external_id", new_values."id", new_values."kind", new_values."lifecycle", new_values."name", new_values."next_review", new_values."origin", new_values."owner_id", NOW(), \'update\', new_values."id", new_values."purpose", new_values."registered_at", new_values."updated_at", new_values."vendor" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='508f4a3c073d5430c61036ea21123df0cf391558', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_12d73', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='inventory_aiapplication', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='aiapplication',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_aiapplicationevent" ("department_id", "deputy_id", "external_id", "id", "kind", "lifecycle", "name", "next_review", "origin", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "registered_at", "updated_at", "vendor") SELECT old_values."department_id", old_values."deputy_id", old_values."external_id", old_values."id", old_values."kind", old_values."lifecycle", old_values."name", old_values."next_review", old_values."origin", old_values."owner_id", NOW(), \'delete\', old_values."id", old_values."purpose", old_values."registered_at", old_values."updated_at", old_values."vendor" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='bc6e6b3eb820fab6bbd0a847160884c2b83b412b', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_1f84b', referencing='REFERENCING OLD TABLE AS old_values ', table='inventory_aiapplication', when='AFTER')),
        ),
        migrations.CreateModel(
            name='AuditLogEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), editable=False)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('on_behalf_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('action', models.CharField(max_length=64)),
                ('object_type', models.CharField(blank=True, max_length=64)),
                ('object_id', models.CharField(blank=True, max_length=64)),
                ('department', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.department')),
                ('summary', models.CharField(max_length=500)),
                ('reason', models.TextField(blank=True)),
                ('details', models.JSONField(default=dict)),
                ('address', models.GenericIPAddressField(null=True)),
            ],
            options={
                'verbose_name_plural': 'audit log entries',
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['object_type', 'object_id', '-at'], name='audit_by_object'), models.Index(fields=['-at', '-id'], name='audit_by_time')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditlogentry',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7a334a3ab7bffdb1728b1276385eee05eef31ef8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dc3ca', table='inventory_auditlogentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditlogentry',
            trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'The audit log is append-only.';", hash='8a67c0126e4762962c62ba14815dd7141a4b16b1', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_aca9d', table='inventory_auditlogentry', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='DepartmentEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='inventory.department')),
                ('id', models.BigIntegerField()),
                ('key', models.CharField(max_length=64, verbose_name='external key')),
                ('name', models.CharField(max_length=200)),
                ('parent', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='inventory.department')),
                ('head', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('cost_centre', models.CharField(blank=True, max_length=64)),
                ('aliases', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('from_feed', models.BooleanField(default=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='departmentevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4310e6d2efb099865577139bcfca343b410b09f8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_eab30', table='inventory_departmentevent', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='DirectoryUser',
            fields=[
                ('pseudonym', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('upn_pseudonym', models.UUIDField(null=True, unique=True)),
                ('object_id', models.CharField(blank=True, max_length=300)),
                ('upn', models.CharField(blank=True, max_length=300)),
                ('name', models.CharField(blank=True, max_length=300)),
                ('department', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.department')),
                ('enabled', models.BooleanField(default=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='QuarantinedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quarantine', to='inventory.importbatch')),
                ('line', models.BigIntegerField()),
                ('reason', models.CharField(max_length=200)),
                ('raw', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ['batch', 'line'],
                'indexes': [models.Index(condition=models.Q(('raw__isnull', False)), fields=['created_at'], name='quarantine_to_purge')],
                'constraints': [models.UniqueConstraint(fields=('batch', 'line'), name='quarantined_line_once')],
            },
        ),
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to=settings.AUTH_USER_MODEL)),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to='inventory.department')),
                ('kind', models.CharField(choices=[('leader', 'Leader'), ('team_member', 'Team member'), ('reviewer', 'Reviewer'), ('auditor', 'Auditor'), ('administrator', 'Administrator')], max_length=20)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'department', 'kind'), name='role_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_roleevent" ("department_id", "id", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") SELECT new_values."department_id", new_values."id", new_values."kind", NOW(), \'insert\', new_values."id", new_values."user_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='6073a7af117c38bed19f60045d3478ccc833d996', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_860a9', referencing='REFERENCING NEW TABLE AS new_values ', table='inventory_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_roleevent" ("department_id", "id", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") SELECT new_values."department_id", new_values."id", new_values."kind", NOW(), \'update\', new_values."id", new_values."user_id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='d34b146a1098dc768b8c810b972dcd651f93cad1', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_2d5a9', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='inventory_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_roleevent" ("department_id", "id", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") SELECT old_values."department_id", old_values."id", old_values."kind", NOW(), \'delete\', old_values."id", old_values."user_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='e7b831fa19f5930368b7fd36c26f03a21be4b318', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_36982', referencing='REFERENCING OLD TABLE AS old_values ', table='inventory_role', when='AFTER')),
        ),
        migrations.CreateModel(
            name='AIApplicationEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='inventory.aiapplication')),
                ('id', models.BigIntegerField()),
                ('external_id', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=200)),
                ('purpose', models.TextField(max_length=4000)),
                ('kind', models.CharField(choices=[('application', 'Application'), ('copilot', 'Copilot'), ('agent', 'Agent'), ('model', 'Model'), ('embedded_feature', 'Embedded feature')], max_length=20)),
                ('origin', models.CharField(choices=[('in_house', 'In-house'), ('vendor', 'Vendor')], default='in_house', max_length=20)),
                ('vendor', models.CharField(blank=True, max_length=200)),
                ('department', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='inventory.department')),
                ('lifecycle', models.CharField(choices=[('idea', 'Idea'), ('in_review', 'In review'), ('approved', 'Approved'), ('live', 'Live'), ('suspended', 'Suspended'), ('retired', 'Retired')], default='idea', max_length=20)),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('deputy', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('next_review', models.DateField(blank=True, null=True)),
                ('registered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='aiapplicationevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b86a333abd833a1d3b8c3a33418c2eec9e6110d5', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_badea', table='inventory_aiapplicationevent', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=200, null=True, unique=True)),
                ('type', models.CharField(blank=True, max_length=200)),
                ('title', models.CharField(max_length=300)),
                ('severity', models.CharField(choices=[('informational', 'Informational'), ('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], max_length=15)),
                ('tactics', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('technique', models.CharField(blank=True, max_length=200)),
                ('description', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('new', 'New'), ('active', 'Active'), ('in_progress', 'In progress'), ('resolved', 'Resolved'), ('dismissed', 'Dismissed')], default='new', max_length=15)),
                ('application', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='inventory.aiapplication')),
                ('resource', models.CharField(blank=True, max_length=500)),
                ('at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(null=True)),
                ('raw', models.BinaryField(null=True)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['-at', '-id'], name='alert_by_time'), models.Index(fields=['application', '-at'], name='alert_by_application'), models.Index(condition=models.Q(('raw__isnull', False)), fields=['received_at'], name='alert_to_purge')],
            },
        ),
        migrations.CreateModel(
            name='ChangedApplication',
            fields=[
                ('application', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='inventory.aiapplication')),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='DailySensitive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('application', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.aiapplication')),
                ('sighting', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.sighting')),
                ('department', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.department')),
                ('day', models.DateField()),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('information_types', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('digest', models.UUIDField()),
                ('interactions', models.IntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['day'], name='daily_sensitive_by_day')],
                'constraints': [models.UniqueConstraint(fields=('application', 'sighting', 'day', 'department', 'digest'), name='daily_sensitive_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='DailyUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('application', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.aiapplication')),
                ('sighting', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.sighting')),
                ('department', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.department')),
                ('day', models.DateField()),
                ('interactions', models.IntegerField()),
                ('users', models.IntegerField()),
                ('sensitive', models.IntegerField()),
                ('jailbreak', models.IntegerField()),
                ('injection', models.IntegerField()),
                ('attacks', models.IntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['day', 'department'], name='daily_usage_by_day')],
                'constraints': [models.UniqueConstraint(fields=('application', 'sighting', 'day', 'department'), name='daily_usage_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('application__isnull', True), ('sighting__isnull', True), _connector='XOR'), name='daily_usage_of_one')],
            },
        ),
        migrations.CreateModel(
            name='DailyUser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('application', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.aiapplication')),
                ('sighting', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.sighting')),
                ('department', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.department')),
                ('day', models.DateField()),
                ('pseudonym', models.UUIDField()),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['day'], name='daily_user_by_day')],
                'constraints': [models.UniqueConstraint(fields=('application', 'sighting', 'day', 'department', 'pseudonym'), name='daily_user_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Identifier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identifiers', to='inventory.aiapplication')),
                ('kind', models.CharField(choices=[('agent_id', 'Agent id'), ('app_identity', 'App identity'), ('azure_resource', 'Azure resource id'), ('host', 'Host or domain'), ('repository', 'Repository URL'), ('copilot_host', 'Copilot host name')], max_length=20)),
                ('value', models.CharField(max_length=500)),
                ('folded', models.CharField(editable=False, max_length=500)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'folded'), name='identifier_of_one_application')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='identifier',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_identifierevent" ("application_id", "folded", "id", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "value") SELECT new_values."application_id", new_values."folded", new_values."id", new_values."kind", NOW(), \'insert\', new_values."id", new_values."value" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='212f5d1633492fc071c060f05255980ed2a5b045', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_edac7', referencing='REFERENCING NEW TABLE AS new_values ', table='inventory_identifier', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='identifier',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_identifierevent" ("application_id", "folded", "id", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "value") SELECT new_values."application_id", new_values."folded", new_values."id", new_values."kind", NOW(), \'update\', new_values."id", new_values."value" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='33b400cb25b7a828396628445be4519c1e929a17', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_38a84', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='inventory_identifier', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='identifier',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "inventory_identifierevent" ("application_id", "folded", "id", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "value") SELECT old_values."application_id", old_values."folded", old_values."id", old_values."kind", NOW(), \'delete\', old_values."id", old_values."value" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='2551548236503ca61a6518a57932bf220bea2f6c', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_270ee', referencing='REFERENCING OLD TABLE AS old_values ', table='inventory_identifier', when='AFTER')),
        ),
        migrations.CreateModel(
            name='Interaction',
            fields=[
                ('record_id', models.UUIDField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('application', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.aiapplication')),
                ('sighting', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.sighting')),
                ('department', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.department')),
                ('pseudonym', models.UUIDField(null=True)),
                ('operation', models.SmallIntegerField(choices=[(1, 'Copilot experience or agent'), (2, 'AI app or site'), (3, 'Connected AI app'), (4, 'Copilot in a team')])),
                ('jailbreak', models.BooleanField()),
                ('injection', models.BooleanField()),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('information_types', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('batch', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.importbatch')),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['at'], name='interaction_by_time'), models.Index(condition=models.Q(('labels__isnull', False), ('information_types__isnull', False), _connector='OR'), fields=['application', 'at'], name='interaction_with_label')],
            },
        ),
        migrations.CreateModel(
            name='RoleEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='inventory.role')),
                ('id', models.BigIntegerField()),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('department', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='inventory.department')),
                ('kind', models.CharField(choices=[('leader', 'Leader'), ('team_member', 'Team member'), ('reviewer', 'Reviewer'), ('auditor', 'Auditor'), ('administrator', 'Administrator')], max_length=20)),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='roleevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='08d59744b1371566bcb83c3b85916afb4664f587', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_2dd21', table='inventory_roleevent', when='BEFORE')),
        ),
        migrations.CreateModel(
            name='IdentifierEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='inventory.identifier')),
                ('id', models.BigIntegerField()),
                ('application', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='inventory.aiapplication')),
                ('kind', models.CharField(choices=[('agent_id', 'Agent id'), ('app_identity', 'App identity'), ('azure_resource', 'Azure resource id'), ('host', 'Host or domain'), ('repository', 'Repository URL'), ('copilot_host', 'Copilot host name')], max_length=20)),
                ('value', models.CharField(max_length=500)),
                ('folded', models.CharField(editable=False, max_length=500)),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='identifierevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='109dc39fb15e79c2da261d61a3d6940df3fb0f6d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_1068f', table='inventory_identifierevent', when='BEFORE')),
        ),
        migrations.RunSQL(ROOT_DEPARTMENT, migrations.RunSQL.noop),
    ]
