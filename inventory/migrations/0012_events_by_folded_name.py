from typing import Any

from django.db import migrations, models


def fold(apps: Any, editor: Any) -> None:
    """Fold the names of the events that are kept the way sightings fold theirs; a statement for many names."""
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT seen_as FROM inventory_dataevent WHERE seen_as <> ''")
        seen = [name for (name,) in cursor.fetchall()]
        for start in range(0, len(seen), 10_000):
            names = seen[start : start + 10_000]
            cursor.execute(
                "UPDATE inventory_dataevent e SET folded = n.folded FROM unnest(%s::text[], %s::text[])"
                " AS n (seen_as, folded) WHERE e.seen_as = n.seen_as",
                [names, [name.casefold()[:300] for name in names]],
            )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0011_search_of_alerts")]

    operations = [
        migrations.AddField(
            model_name="dataevent",
            name="folded",
            field=models.CharField(blank=True, db_default="", max_length=300),
        ),
        migrations.RunPython(fold, migrations.RunPython.noop),
    ]
