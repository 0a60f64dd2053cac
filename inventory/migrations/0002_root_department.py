"""Every installation has its root department: the organisation itself."""

from django.db import migrations

MAKE = """
INSERT INTO inventory_department (key, name, cost_centre, aliases, from_feed)
VALUES ('organisation', 'Organisation', '', '{}', false)"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_register")]
    operations = [migrations.RunSQL(MAKE, migrations.RunSQL.noop)]
