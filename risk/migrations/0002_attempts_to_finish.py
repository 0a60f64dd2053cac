from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="rescorerun",
            name="attempts",
            field=models.SmallIntegerField(default=0),
        ),
    ]
