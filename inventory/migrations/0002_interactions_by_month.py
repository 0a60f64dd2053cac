"""Interactions become a table of months (docs/decisions/0017). What is there is carried over, month by month."""

from django.db import migrations

PARTITIONED = """
ALTER TABLE inventory_interaction RENAME TO inventory_interaction_before;
ALTER INDEX interaction_by_time RENAME TO interaction_by_time_before;
CREATE TABLE inventory_interaction (LIKE inventory_interaction_before INCLUDING DEFAULTS) PARTITION BY RANGE (at);
CREATE INDEX interaction_by_time ON inventory_interaction USING brin (at);
CREATE TABLE inventory_interaction_later PARTITION OF inventory_interaction DEFAULT;
CREATE UNIQUE INDEX inventory_interaction_later_once ON inventory_interaction_later (record_id);
DO $$
DECLARE
    month timestamp;
    name text;
BEGIN
    FOR month IN
        SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') FROM inventory_interaction_before
        WHERE at < date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '2 months' ORDER BY 1
    LOOP
        name := 'inventory_interaction_' || to_char(month, 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I PARTITION OF inventory_interaction FOR VALUES FROM (%L) TO (%L)', name,
                       month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('CREATE UNIQUE INDEX %I ON %I (record_id)', name || '_once', name);
    END LOOP;
END $$;
INSERT INTO inventory_interaction SELECT * FROM inventory_interaction_before;
DROP TABLE inventory_interaction_before
"""

WHOLE = """
ALTER TABLE inventory_interaction RENAME TO inventory_interaction_months;
ALTER INDEX interaction_by_time RENAME TO interaction_by_time_months;
CREATE TABLE inventory_interaction (LIKE inventory_interaction_months INCLUDING DEFAULTS, PRIMARY KEY (record_id));
CREATE INDEX interaction_by_time ON inventory_interaction USING brin (at);
INSERT INTO inventory_interaction SELECT * FROM inventory_interaction_months;
DROP TABLE inventory_interaction_months
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]
    operations = [
        migrations.RemoveIndex("interaction", "interaction_with_label"),
        migrations.RunSQL(PARTITIONED, WHOLE),
        # Nobody asks for a row by its number, and keeping this index took a third of the time of storing one.
        migrations.RunSQL(
            "ALTER TABLE inventory_dailyuser DROP CONSTRAINT inventory_dailyuser_pkey",
            "ALTER TABLE inventory_dailyuser ADD CONSTRAINT inventory_dailyuser_pkey PRIMARY KEY (id)",
        ),
    ]
