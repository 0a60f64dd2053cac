"""Rows of a query one by one while the database goes on with it, in bounded memory.

Django's `iterator` asks for a block, and database and program wait for each other in turn; streamed, they work at the
same time. Until the last row the connection can't be asked anything else.
"""

from collections.abc import Iterator

from django.db import connection
from django.db.models import QuerySet

BLOCK = 1_000  # rows that are fetched at once


def streamed(rows: QuerySet) -> Iterator[tuple]:
    """The rows of a `values_list` of plain columns: values come as the database gives them, without conversion."""
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        yield from cursor.cursor.stream(sql, params, size=BLOCK)
