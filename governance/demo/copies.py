"""Copies of models, in sets: whatever a table holds about a model, its copies get as well."""

from collections.abc import Sequence
from datetime import date

from django.db import connection
from django.db.models import Model

from governance.demo.bare import bare
from governance.demo.copying import copy_into, dated_history, history_of
from inventory.models import DailyPeople, DailySensitive, DailyUsage
from risk.models import Answer, ApplicationCoverage, BandChange, ControlState, CurrentScore, Evidence, ScoreSnapshot

CHUNK = 5000  # copies in one statement: enough for speed, few enough for memory

Pair = tuple[int, int, int]  # application, its model, its department


class Copies:
    """The pairs of copy and model, as a temporary table that lives as long as the transaction."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._size = len(pairs)
        self._scored = False
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE demo_copy (place int, application_id bigint, model_id bigint, department_id bigint)"
                " ON COMMIT DROP"
            )
            copy_into(cursor, "demo_copy", ((place, *pair) for place, pair in enumerate(pairs)))
            cursor.execute("CREATE INDEX ON demo_copy (place)")
            cursor.execute("ANALYZE demo_copy; SET LOCAL work_mem = '128MB'")  # a chunk is sorted without files

    def assessments(self) -> None:
        """Answers, control states and evidence, each with its newest version in the row history."""
        models = (Answer, ControlState, Evidence)
        tables: list[type[Model]] = [table for model in models for table in (model, history_of(model))]
        with bare(tables, indexes=True), dated_history(*models):
            self._multiply(Answer, history="answered_at")
            self._multiply(ControlState, history="stated_at")
            self._multiply(Evidence, history="added_at")

    def use(self) -> None:
        """Daily figures, in the departments of the people who use the model."""
        for model in (DailyUsage, DailyPeople, DailySensitive):
            self._multiply(model)

    def scores(self, day: date) -> None:
        """The scores of the day just judged. A copy counts where its model counts, in its own department."""
        if self._scored:
            self._forget(CurrentScore)
            self._forget(ApplicationCoverage)
        with bare([CurrentScore, ApplicationCoverage, ScoreSnapshot, BandChange]):
            self._scores(day)
        self._scored = True

    def _scores(self, day: date) -> None:
        counted = "CASE WHEN m.counted_in_id IS NOT NULL THEN c.department_id END"
        self._multiply(CurrentScore, counted_in_id=counted)
        self._multiply(ApplicationCoverage)
        self._multiply(ScoreSnapshot, of_day=("as_of", day))
        self._multiply(BandChange, of_day=("day", day))

    @staticmethod
    def _forget(model: type[Model]) -> None:
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} m USING demo_copy c WHERE m.application_id = c.application_id")  # noqa: S608 - names of our models

    def _multiply(
        self, model: type[Model], history: str = "", of_day: tuple[str, date] | None = None, **instead: str
    ) -> None:
        """Each row of a model once more for each of its copies.

        `history`: the column with the time of its version; `of_day`: only rows of that day; `instead`: column →
        expression over the copy `c` and the row `m`.
        """
        table = model._meta.db_table
        columns = [str(f.column) for f in model._meta.concrete_fields if f.column not in ("id", "application_id")]
        key = model._meta.pk.column
        values = ", ".join(instead.get(column, f'm."{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        wanted, given = (f"AND m.{of_day[0]} = %s", [of_day[1]]) if of_day else ("", [])
        # Names of our own models and columns only
        insert = f"""
            INSERT INTO {table} (application_id, {names})
            SELECT c.application_id, {values} FROM demo_copy c JOIN {table} m ON m.application_id = c.model_id
            WHERE c.place >= %s AND c.place < %s {wanted} ORDER BY c.application_id, m.{key}"""  # noqa: S608
        if history:
            insert = f"""
            WITH made AS ({insert} RETURNING id, application_id, {names})
            INSERT INTO {history_of(model)._meta.db_table}
                   (pgh_created_at, pgh_label, pgh_obj_id, id, application_id, {names})
            SELECT {history}, 'insert', id, id, application_id, {names} FROM made"""  # noqa: S608
        with connection.cursor() as cursor:
            for start in range(0, self._size, CHUNK):
                cursor.execute(insert, [start, start + CHUNK, *given])
