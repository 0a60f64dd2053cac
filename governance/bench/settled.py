"""Inside a cluster: what autovacuum does in the minutes after very much was written, done at once. Until then it works
beside whatever is measured, and counts read tables where they later read indexes alone."""

from governance.bench.inside import report, set_up


def main() -> None:
    """Vacuum every table."""
    set_up()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    report()


if __name__ == "__main__":
    main()
