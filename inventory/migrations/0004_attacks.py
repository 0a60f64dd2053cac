from django.conf import settings
from django.db import migrations, models

# An interaction with marks of both kinds is one attack; where only figures are left, at most all interactions are.
_COUNT = """
WITH both_marks AS (
    SELECT application_id, sighting_id, department_id, (at AT TIME ZONE %s)::date AS day, count(*) AS twice
    FROM inventory_interaction WHERE jailbreak AND injection GROUP BY 1, 2, 3, 4
)
UPDATE inventory_dailyusage d
SET attacks = least(d.interactions, d.jailbreak + d.injection - coalesce(
    (SELECT twice FROM both_marks b
     WHERE b.day = d.day AND b.application_id IS NOT DISTINCT FROM d.application_id
       AND b.sighting_id IS NOT DISTINCT FROM d.sighting_id
       AND b.department_id IS NOT DISTINCT FROM d.department_id), 0))
WHERE d.jailbreak + d.injection > 0"""


def count_attacks(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_COUNT, [settings.TIME_ZONE])
        # The kind of alert stood where its attack technique belongs
        cursor.execute("UPDATE inventory_alert SET type = technique, technique = '' WHERE technique LIKE '%%Azure\\_%%'")


class Migration(migrations.Migration):
    dependencies = [("inventory", "0003_activity")]

    operations = [
        migrations.AddField("alert", "type", models.CharField(blank=True, max_length=200)),
        migrations.AddField("dailyusage", "attacks", models.IntegerField(default=0), preserve_default=False),
        migrations.RunPython(count_attacks, migrations.RunPython.noop),
    ]
