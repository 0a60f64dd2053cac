"""Until now the state of an alert was what its feed said."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_alert_work")]

    operations = [
        migrations.RunSQL(
            "UPDATE inventory_alert SET feed_state = state WHERE feed_state = ''", migrations.RunSQL.noop
        )
    ]
