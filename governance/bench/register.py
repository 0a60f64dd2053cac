"""Inside a cluster: the import of a register file. `python -m governance.bench.register ROWS`"""

import csv
import io
import sys
import time

from governance.bench.inside import report, set_up


def file(rows: int, departments: list[str]) -> bytes:
    """A register of invented applications over the given departments."""
    from inventory.services.register_import import COLUMNS

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    for number in range(rows):
        writer.writerow(
            {
                "external_id": f"BENCH-{number:06}",
                "name": f"Counted application {number}",
                "purpose": "Counted by the bench.",
                "kind": "application",
                "origin": "vendor",
                "vendor": "Northwind Invented Software",
                "department": departments[number % len(departments)],
                "lifecycle": "live",
                "identifiers": f"host:counted-{number}.alderfinch.example",
            }
        )
    return text.getvalue().encode()


def main(rows: int) -> None:
    """Preview, then import."""
    set_up()
    from inventory.models import Department
    from inventory.services.register_import import import_register

    departments = list(Department.objects.filter(parent__isnull=False).order_by("key").values_list("key", flat=True))
    content = file(rows, departments)
    begin = time.perf_counter()
    for dry_run in (True, False):
        result = import_register(io.BytesIO(content), actor=None, file_name="bench.csv", dry_run=dry_run)
        if result.problems:
            raise SystemExit(f"the file was refused: {result.problems[0]}")
    report(seconds=time.perf_counter() - begin)


if __name__ == "__main__":
    main(int(sys.argv[1]))
