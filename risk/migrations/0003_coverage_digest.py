from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0002_attempts_to_finish"),
    ]

    operations = [
        migrations.AddField(
            model_name="currentscore",
            name="coverage_digest",
            field=models.CharField(default="", max_length=32),
        ),
        # A night changes most rows in columns that no index holds: with room in their page the indexes stay as they are
        migrations.RunSQL(
            "ALTER TABLE risk_applicationcoverage SET (fillfactor = 50)",
            "ALTER TABLE risk_applicationcoverage RESET (fillfactor)",
        ),
    ]
