"""Verdicts as rows: the columns of each table as the text that COPY takes, and which rows have to be written at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from risk.models import CurrentScore, ScoreSnapshot, ScoreValues
from risk.scoring.array_formulas import Flags, Floats
from risk.scoring.bulk import Verdicts
from risk.scoring.case import digest_of, held_plain, measures_plain
from risk.scoring.codebook import Cases, codebook
from risk.scoring.forecast import HORIZONS
from risk.scoring.method import Method
from risk.scoring.patterns import facts_texts
from risk.scoring.tally import ABSENT, Tallies, tallies
from risk.selectors.chunks import FLOATS, OTHERS, Stored

SHOWN_DECIMALS = 1  # a snapshot is due where a value rounded to this moved (contracts §3)
NULL = "\\N"

VALUES = [f.attname for f in ScoreValues._meta.concrete_fields]
CURRENT = [f.attname for f in CurrentScore._meta.concrete_fields]
SNAPSHOT = [f.attname for f in ScoreSnapshot._meta.concrete_fields if f.attname != "id"]
BAND_CHANGE = ["application_id", "day", "changed_at", "before", "after", "point_before", "point_after"]
COVERAGE = [
    "application_id", "framework", "states", "met", "partial", "gap", "unknown", "upcoming", "not_assessed",
    "overdue", "assessed", "fulfilment_low", "fulfilment_high",
]  # fmt: skip
DATES = ["as_of", "computed_at"]  # a row that differs in nothing else is the same

Column = Callable[[NDArray[np.int64]], Sequence[str]]


@dataclass(frozen=True)
class Rows:
    """A judged chunk: `applications` and the department whose figures count each, in the order of the cases."""

    applications: Sequence[int]
    counted_in: Sequence[int | None]
    cases: Cases
    verdicts: Verdicts
    stored: Stored
    change: Floats  # point less the point a month ago; not a number where there was none
    day: date
    at: datetime
    method: Method

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where `stored` has each application; −1 where it hasn't."""
        return np.array([self.stored.row.get(pk, -1) for pk in self.applications], np.int64)

    @cached_property
    def figures(self) -> Floats:
        """FLOATS, one row an application."""
        found: dict[str, Floats] = {
            "overall_low": self.verdicts.overall_low,
            "overall_high": self.verdicts.overall_high,
            "overall_point": self.verdicts.overall_point,
        }
        for place, principle in enumerate(self.method.principles):
            for part in ("low", "high", "point", "inherent"):
                found[f"{principle}_{part}"] = getattr(self.verdicts, part)[place]
        return np.stack([found[name] for name in FLOATS], axis=1)

    @cached_property
    def others(self) -> Floats:
        """OTHERS, one row an application; not a number for none."""
        standing = self.verdicts.standing
        found: dict[str, Any] = dict(zip((f"overall_{days}d" for days in HORIZONS), self.verdicts.ahead.T, strict=True))
        factors = (self.cases.answers[:, list(codebook(self.method).factors)] > 0).sum(axis=1)
        found |= {
            "change_30d": self.change,
            "tier": standing.patterns.tier,
            "exposure": self.verdicts.exposure,
            "questions_asked": standing.patterns.questions,
            "questions_answered": factors + standing.patterns.answered,
            "controls_asked": standing.asked.sum(axis=1),
            "controls_answered": (standing.asked & standing.stated).sum(axis=1),
            "counted_in_id": [np.nan if pk is None else pk for pk in self.counted_in],
        }
        return np.stack([np.asarray(found[name], float) for name in OTHERS], axis=1)

    @cached_property
    def inputs(self) -> list[str]:
        """The dated inputs of each application as JSON."""
        return codebook(self.method).dated_texts(self.cases)

    @cached_property
    def digests(self) -> list[str]:
        """The digest of each application's inputs."""
        return [digest_of(text.encode(), self.method) for text in self.inputs]

    @cached_property
    def bands(self) -> list[str]:
        """The band of each application."""
        names = [name for name, _ in self.method.bands]
        return [names[place] for place in self.verdicts.band.tolist()]

    @cached_property
    def same_inputs(self) -> Flags:
        """Whether the score before was made of the same inputs by the same method."""
        places = self.places.tolist()
        pairs = zip(self.digests, places, strict=True)
        return np.array([place >= 0 and self.stored.digests[place] == digest for digest, place in pairs], bool)

    @cached_property
    def changed(self) -> Flags:
        """Which current scores are new or differ from the stored ones; the rest of a row follows from its inputs."""
        old_figures, old_others = self._before(self.stored.figures), self._before(self.stored.others)
        same = (self.figures == old_figures).all(axis=1)
        same &= ((self.others == old_others) | (np.isnan(self.others) & np.isnan(old_others))).all(axis=1)
        return ~(same & self.same_inputs) | self.covered_otherwise

    @cached_property
    def tallies(self) -> Tallies:
        """Coverage of each application."""
        return tallies(self.verdicts.standing, self.method)

    @cached_property
    def coverage_digests(self) -> list[str]:
        """The digest of each application's coverage: a few bytes tell whether a dozen rows have to be touched."""
        found, start = self.tallies, blake2b(self.method.version.encode(), digest_size=16)
        digests = []
        for letters, numbers, sums in zip(found.letters, found.numbers, found.sums, strict=True):
            one = start.copy()
            one.update(letters.encode() + numbers.tobytes() + sums.tobytes())
            digests.append(one.hexdigest())
        return digests

    @cached_property
    def covered_otherwise(self) -> Flags:
        """Where coverage is new or another than is stored."""
        pairs = zip(self.coverage_digests, self.places.tolist(), strict=True)
        return np.array([place < 0 or self.stored.coverage[place] != digest for digest, place in pairs], bool)

    @cached_property
    def moved(self) -> Flags:
        """Where a snapshot is due: an input or the method changed, or a shown value or the band moved."""
        shown, before = (np.round(one, SHOWN_DECIMALS) for one in (self.figures, self._before(self.stored.figures)))
        return ~self.same_inputs | (shown != before).any(axis=1) | self.band_moved

    @cached_property
    def band_moved(self) -> Flags:
        """Where the band is another than before."""
        pairs = zip(self.bands, self.places.tolist(), strict=True)
        return np.array([place >= 0 and self.stored.bands[place] != band for band, place in pairs], bool)

    def _before(self, table: Floats) -> Floats:
        empty = np.full((1, table.shape[1]), np.nan)
        return np.concatenate([table, empty])[self.places]

    def departments(self) -> set[int]:
        """Departments that count one of the applications whose row differs, or did before."""
        rows = np.flatnonzero(self.changed)
        before = self._before(self.stored.others)[rows, OTHERS.index("counted_in_id")]
        now = {pk for pk in (self.counted_in[row] for row in rows.tolist()) if pk is not None}
        return now | {int(pk) for pk in before[~np.isnan(before)]}

    def current(self, wanted: Flags) -> str:
        """Rows of `CurrentScore`, as text in the order of CURRENT."""
        rows = np.flatnonzero(wanted).tolist()
        return _lines({**self._values(rows), **self._present(rows)}, CURRENT)

    def snapshots(self) -> str:
        """Rows of `ScoreSnapshot`, as text in the order of SNAPSHOT; inputs only where they are new."""
        rows = np.flatnonzero(self.moved).tolist()
        known = self.same_inputs.tolist()
        columns = self._values(rows)
        columns["inputs"] = [NULL if known[row] else _escaped(self.inputs[row]) for row in rows]
        columns["moving"] = [self._moving(row) for row in rows]
        return _lines(columns, SNAPSHOT)

    def coverage(self, wanted: Flags) -> tuple[str, list[int], list[str]]:
        """Rows of `ApplicationCoverage` of the wanted applications, as text in the order of COVERAGE; with the
        application and the framework of each."""
        lines, owners, names = [], [], []
        found = self.tallies
        for row in np.flatnonzero(wanted).tolist():
            pk, text = self.applications[row], found.letters[row]
            numbers, sums = found.numbers[row].tolist(), found.sums[row].tolist()
            for place, (start, end) in enumerate(found.spans):
                letters = text[start:end]
                if letters.strip(ABSENT):
                    counts, (low, high) = "\t".join(map(str, numbers[place])), sums[place]
                    lines.append(f"{pk}\t{found.frameworks[place]}\t{letters}\t{counts}\t{low!r}\t{high!r}\n")
                    owners.append(pk)
                    names.append(found.frameworks[place])
        return "".join(lines), owners, names

    def band_changes(self) -> list[tuple[Any, ...]]:
        """Rows of `BandChange`, in the order of BAND_CHANGE."""
        point = FLOATS.index("overall_point")
        found = []
        for row in np.flatnonzero(self.band_moved).tolist():
            place = int(self.places[row])
            before, after = float(self.stored.figures[place, point]), float(self.verdicts.overall_point[row])
            bands = (self.stored.bands[place], self.bands[row])
            found.append((self.applications[row], self.day, self.at, *bands, before, after))
        return found

    def _values(self, rows: list[int]) -> dict[str, Sequence[str]]:
        """The columns of `ScoreValues`, and the application."""
        figures = self.figures[rows]
        columns: dict[str, Sequence[str]] = {
            name: [repr(value) for value in figures[:, place].tolist()] for place, name in enumerate(FLOATS)
        }
        kinds = [self.verdicts.standing.patterns.kinds[row] for row in rows]
        return columns | {
            "application_id": [str(self.applications[row]) for row in rows],
            "band": [self.bands[row] for row in rows],
            "exposure": [str(int(value)) for value in self.verdicts.exposure[rows].tolist()],
            "eu_class": [kind.classification.class_ or NULL for kind in kinds],
            "method": [self.method.version] * len(rows),
            "digest": [self.digests[row] for row in rows],
            "as_of": [self.day.isoformat()] * len(rows),
            "computed_at": [self.at.isoformat()] * len(rows),
        }

    def _present(self, rows: list[int]) -> dict[str, Sequence[str]]:
        """The columns that only `CurrentScore` has."""
        others = self.others[rows]
        columns: dict[str, Sequence[str]] = {}
        for place, name in enumerate(OTHERS):
            as_text: Callable[[float], str] = repr if name.startswith(("overall_", "change_")) else _whole
            columns[name] = [NULL if value != value else as_text(value) for value in others[:, place].tolist()]
        patterns = self.verdicts.standing.patterns
        kinds = [patterns.kinds[row] for row in rows]
        held = (self.verdicts.held.get(row) for row in rows)
        return columns | {
            "eu_possible": [_array(one.classification.possible) for one in kinds],
            "eu_articles": [_array(one.classification.articles) for one in kinds],
            "facts": [_escaped(one) for one in facts_texts(patterns.truths[rows], self.method)],
            "coverage_digest": [self.coverage_digests[row] for row in rows],
            "held": [_escaped(orjson.dumps(held_plain(one)).decode()) if one else NULL for one in held],
        }

    def _moving(self, row: int) -> str:
        """Usage, measures and ratchet of a row as JSON."""
        usage, held = self.cases.usage[row].tolist(), self.verdicts.held.get(row)
        measured = self.cases.measures.get(row)
        moving = {
            "usage": usage if any(usage) else None,
            "measures": measured and measures_plain(measured),
            "held": held and held_plain(held),
        }
        known = {key: value for key, value in moving.items() if value}
        return _escaped(orjson.dumps(known).decode()) if known else NULL


def _lines(columns: Mapping[str, Sequence[str]], order: Sequence[str]) -> str:
    rows = zip(*(columns[name] for name in order), strict=True)
    return "".join(f"{line}\n" for line in map("\t".join, rows))


def _whole(value: float) -> str:
    return str(int(value))


def _escaped(text: str) -> str:
    """JSON as COPY takes it: it holds no tab and no line end, only backslashes."""
    return text.replace("\\", "\\\\")


def _array(items: Sequence[str]) -> str:
    """An array of texts as PostgreSQL writes it, as COPY takes it."""
    quoted = (one.replace("\\", "\\\\").replace('"', '\\"') for one in items)
    return _escaped("{" + ",".join(f'"{one}"' for one in quoted) + "}")
