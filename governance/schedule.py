"""What beat rings, and when. The tables are the queue: a ring that is missed only makes work wait for the next."""

from typing import Any

from celery.schedules import crontab

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "rescore what changed": {"task": "risk.tasks.rescore_changed", "schedule": 30.0},
    "judge everything as of the new day": {
        "task": "risk.tasks.nightly",
        "schedule": crontab(hour=0, minute=20),
    },
    "go on with recalculations": {"task": "risk.tasks.recalculate", "schedule": 30.0},
    "evaluate recommendations": {"task": "governance.tasks.evaluate_recommendations", "schedule": 600.0},
    "send digests": {"task": "governance.tasks.send_digests", "schedule": 600.0},
    "compare methods": {"task": "risk.tasks.compare_methods", "schedule": 60.0},
    "ask again what no longer is agreed not to apply": {
        "task": "risk.tasks.end_not_applicable",
        "schedule": 3600.0,
    },
    "thin old score snapshots": {
        "task": "risk.tasks.thin_snapshots",
        "schedule": crontab(hour=3, minute=10),
    },
    "resume interrupted imports": {
        "task": "inventory.tasks.run_waiting_imports",
        "schedule": 60.0,
    },
    "look into the drop folder": {"task": "inventory.tasks.look_into_drop_folder", "schedule": 20.0},
    "look for unusual activity": {"task": "inventory.tasks.find_unusual", "schedule": 60.0},
    "look for unusual activity again": {
        "task": "inventory.tasks.look_back_for_unusual",
        "schedule": crontab(hour=2, minute=40),
    },
    "drop what is kept for a time only": {
        "task": "inventory.tasks.purge_expired",
        "schedule": 24 * 3600.0,
    },
}
