"""Everything that judging a chunk of applications needs, as arrays: one text an application, looked up piece by piece.

`string_agg` makes PostgreSQL hand out seventy answers in the time of a few, and Python meets each different answer and
statement once; reading row by row costs four times as much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import orjson
from django.db import connection

from inventory.choices import Lifecycle
from inventory.models import AIApplication
from risk.models import CurrentScore, ScoreValues
from risk.scoring.application import Ratchet
from risk.scoring.array_formulas import Floats
from risk.scoring.bulk import Before
from risk.scoring.case import Usage
from risk.scoring.codebook import Cases, by_text, codebook
from risk.scoring.forecast import HORIZONS
from risk.scoring.method import Method
from risk.selectors import signals
from risk.selectors.cases import tree
from risk.selectors.keys import Among, array

_BETWEEN = "\x1f"  # JSON text holds no such character, and a question's key neither
# An ordinal as `date.toordinal` counts
_ORDINAL = "({} - date '0001-01-01' + 1)"
_ANSWERS = f"""
SELECT application_id, string_agg(question || '=' || coalesce(value::text, 'null'), '{_BETWEEN}')
FROM risk_answer WHERE application_id = ANY(%s::bigint[]) GROUP BY application_id"""  # noqa: S608 - a constant
_STATEMENTS = f"""
SELECT application_id, string_agg(
    control || ',' || coalesce(status, '') || ',' || {_ORDINAL.format("as_of")}
    || CASE WHEN due IS NULL THEN ',' ELSE ',' || {_ORDINAL.format("due")} END
    || CASE WHEN valid_until IS NULL THEN ',' ELSE ',' || {_ORDINAL.format("valid_until")} END
    || CASE WHEN not_applicable THEN ',f' ELSE ',t' END
    || CASE WHEN not_applicable_until IS NULL THEN ',' ELSE ',' || {_ORDINAL.format("not_applicable_until")} END
    || CASE WHEN evidenced_until IS NULL THEN '' ELSE ',' || {_ORDINAL.format("evidenced_until")} END,
    '{_BETWEEN}')
FROM risk_controlstate WHERE application_id = ANY(%s::bigint[]) GROUP BY application_id"""  # noqa: S608 - constants

# Figures of the row before, as one array of numbers; a null among them is not a number
FLOATS = [f.attname for f in ScoreValues._meta.concrete_fields if f.get_internal_type() == "FloatField"]
_AHEAD = [f"overall_{days}d" for days in HORIZONS]
_COUNTS = ["questions_asked", "questions_answered", "controls_asked", "controls_answered"]
OTHERS = [*_AHEAD, "change_30d", "tier", "exposure", *_COUNTS, "counted_in_id"]
_TEXTS = ["application_id", "digest", "band", "held", "coverage_digest"]
_FOUND = [*_TEXTS, *FLOATS, *OTHERS]


@dataclass(frozen=True, slots=True)
class Stored:
    """The current score of each application of a chunk, where it has one: `row` −1 elsewhere.

    `figures` are FLOATS and `others` OTHERS, one row a score; `digests`, `bands` and `coverage` (its digest) alike.
    """

    row: Mapping[int, int]
    digests: Sequence[str]
    bands: Sequence[str]
    held: Sequence[Ratchet | None]
    coverage: Sequence[str]
    figures: Floats
    others: Floats


def registered(applications: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """Department of each application, and the one whose figures count it: none where it isn't live."""
    rows = AIApplication.objects.filter(Among("pk", applications)).order_by("pk")
    return {
        pk: (department, department if lifecycle == Lifecycle.LIVE else None)
        for pk, department, lifecycle in rows.values_list("pk", "department_id", "lifecycle")
    }


def read(departments: Mapping[int, int], day: date, method: Method) -> Cases:
    """The cases of these applications (by department) as they stand, signals up to `day`, in ascending order."""
    ids, book = sorted(departments), codebook(method)
    book.renew()
    answers, statements = _texts(_ANSWERS, ids), _texts(_STATEMENTS, ids)
    alerts, branches = signals.alerts(ids, day), tree()
    events, counts = signals.occurrences(ids, day, alerts), signals.usage(ids, day, alerts)
    measured = signals.measures(ids, day)
    numbers = {one: book.organisation(branches.facts(one)) for one in set(departments.values())}
    usage = (counts.get(pk, Usage()) for pk in ids)
    return Cases(
        answers=by_text(book.answers, (answers.get(pk, "") for pk in ids), _BETWEEN),
        statements=by_text(book.statements, (statements.get(pk, "") for pk in ids), _BETWEEN),
        organisation=np.array([numbers[departments[pk]] for pk in ids], np.int32),
        usage=np.array([(u.interactions, u.sensitive, u.attacks) for u in usage], np.int64).reshape(-1, 3),
        occurrences={row: events[pk] for row, pk in enumerate(ids) if pk in events},
        measures={row: measured[pk] for row, pk in enumerate(ids) if pk in measured},
    )


def stored(applications: Sequence[int]) -> Stored:
    """The current scores of these applications."""
    columns = ", ".join(_FOUND)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {CurrentScore._meta.db_table} WHERE application_id = ANY(%s::bigint[])",  # noqa: S608
            [array(applications)],
        )
        rows = cursor.fetchall()
    first, width = len(_TEXTS), len(FLOATS)
    numbers = np.array([[np.nan if v is None else v for v in row[first:]] for row in rows], float)
    numbers = numbers.reshape(len(rows), width + len(OTHERS))
    return Stored(
        row={row[0]: place for place, row in enumerate(rows)},
        digests=[row[1] for row in rows],
        bands=[row[2] for row in rows],
        held=[_ratchet(row[3]) for row in rows],
        coverage=[row[4] for row in rows],
        figures=numbers[:, :width],
        others=numbers[:, width:],
    )


def before(applications: Sequence[int], found: Stored, method: Method) -> Before:
    """The judgements before, as the ratchet needs them."""
    places = np.array([found.row.get(pk, -1) for pk in applications], np.int64)
    known = places >= 0
    columns = [FLOATS.index(f"{principle}_point") for principle in method.principles]
    empty = np.zeros((1, len(FLOATS)))
    figures = np.concatenate([found.figures, empty])[places]
    tiers = np.concatenate([found.others[:, OTHERS.index("tier")], [0.0]])[places]
    held = ((row, found.held[place]) for row, place in enumerate(places.tolist()) if place >= 0)
    return Before(
        known=known,
        overall=figures[:, FLOATS.index("overall_point")],
        points=figures[:, columns],
        tier=tiers.astype(np.int32),
        held={row: one for row, one in held if one is not None},
    )


def _ratchet(text: str | None) -> Ratchet | None:
    if text is None:
        return None
    overall, principles, pending = orjson.loads(text)
    return Ratchet(overall, principles, tuple(pending))


def _texts(sql: str, applications: list[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [array(applications)])
        return dict(cursor.fetchall())
