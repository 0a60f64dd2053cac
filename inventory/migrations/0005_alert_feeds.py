from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_attacks")]

    operations = [
        migrations.AddField("alert", "description", models.TextField(blank=True)),
        migrations.AddField("alert", "raw", models.BinaryField(null=True)),
        migrations.AddField("alert", "received_at", models.DateTimeField(db_default=Now(), editable=False)),
        migrations.AddIndex(
            "alert", models.Index(condition=Q(raw__isnull=False), fields=["received_at"], name="alert_to_purge")
        ),
    ]
