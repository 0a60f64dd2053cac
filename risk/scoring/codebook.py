"""Many cases as arrays: each answer and each statement about a control is a small number, its meaning kept once.

A hundred thousand applications make a few thousand different answers and statements, so a chunk is read by looking
texts up and everything after that is array work. The books belong to one method and only grow until they are renewed;
what they give back never depends on what they have seen before.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from risk.scoring.application import Ratchet
from risk.scoring.case import Case, Measures, Occurrence, Stated, Usage, to_plain
from risk.scoring.classify import Answer
from risk.scoring.expressions import KLEENE, Truth
from risk.scoring.fitness import misfits
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR

Numbers: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

NOTHING = 0  # the number of "no answer" and of "nothing stated"
MOST_STATEMENTS = 250_000  # before the book of statements is renewed: some 120 MB


@dataclass(frozen=True, slots=True)
class Cases:
    """A chunk of cases, one row each: what `Case` holds, as arrays.

    `answers`: number of the answer by question (`Codebook.keys`); `statements`: number of the statement by control, in
    the order of the library; `organisation`: number of the facts of the organisation; `usage`: interactions, sensitive,
    attacks. What few applications have stays by row: occurrences, measures and the ratchet in force.
    """

    answers: Numbers
    statements: Numbers
    organisation: Numbers
    usage: NDArray[np.int64]
    occurrences: Mapping[int, tuple[Occurrence, ...]] = field(default_factory=dict)
    measures: Mapping[int, Measures] = field(default_factory=dict)
    held: Mapping[int, Ratchet] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.answers)

    def part(self, rows: Sequence[int]) -> "Cases":
        """Some of the cases."""
        kept = list(rows)
        return Cases(
            answers=self.answers[kept],
            statements=self.statements[kept],
            organisation=self.organisation[kept],
            usage=self.usage[kept],
            occurrences={place: self.occurrences[row] for place, row in enumerate(kept) if row in self.occurrences},
            measures={place: self.measures[row] for place, row in enumerate(kept) if row in self.measures},
            held={place: self.held[row] for place, row in enumerate(kept) if row in self.held},
        )


class Book:
    """Numbers for things by a hashable key; 0 stands for nothing. Numbers are never given twice."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self.columns = columns
        self.numbers: dict[Any, int] = {}
        self.column: list[int] = [0]
        self.fragments: list[str] = [""]
        self.faults: dict[int, dict[str, str]] = {}

    def add(self, name: str, fragment: str, faults: dict[str, str]) -> int:
        """A new number in the column of that name, for something with this part of the JSON and these faults."""
        self.column.append(self.columns[name])
        self.fragments.append(fragment)
        if faults:
            self.faults[len(self.column) - 1] = faults
        return len(self.column) - 1

    def place(self, rows: Sequence[Sequence[int]]) -> Numbers:
        """Rows of numbers as a table with each number in its column."""
        table = np.zeros((len(rows), len(self.columns)), np.int32)
        sizes = [len(row) for row in rows]
        numbers = np.fromiter((number for row in rows for number in row), np.int32, sum(sizes))
        columns = np.array(self.column, np.int32)[numbers]
        table[np.repeat(np.arange(len(rows)), sizes), columns] = numbers
        return table


class AnswerBook(Book):
    """Answers by question and value. Keys that the method does not know have no number: they decide nothing."""

    def __init__(self, keys: Sequence[str], method: Method) -> None:
        super().__init__({key: place for place, key in enumerate(keys)})
        self._method = method
        self.values: list[Answer] = [None]
        self._truths = np.zeros((2, 0), np.int8)
        self._texts: dict[str, int] = {}

    def number(self, key: str, value: Answer) -> int:
        """The number of an answer."""
        if key not in self.columns:
            return NOTHING
        text = orjson.dumps(value).decode()
        known = self.numbers.get((key, text))
        if known is None:
            faults = misfits(Case(answers={key: value}), self._method)
            known = self.numbers[key, text] = self.add(key, f'"{key}":{text}', faults)
            self.values.append(value)
        return known

    def of_text(self, text: str) -> int:
        """The number of an answer written as `question=JSON`."""
        known = self._texts.get(text)
        if known is None:
            key, _, value = text.partition("=")
            known = self._texts[text] = self.number(key, orjson.loads(value))
        return known

    @property
    def truths(self) -> NDArray[np.int8]:
        """By number: 1 for yes, −1 for no, 0 for anything else."""
        truths: NDArray[np.int8] = self._grown()[0]
        return truths

    @property
    def given(self) -> Flags:
        """By number: whether it is an answer, and not "I don't know"."""
        given: Flags = self._grown()[1] != 0
        return given

    def _grown(self) -> NDArray[np.int8]:
        known = self._truths.shape[1]
        if known < len(self.values):
            values = self.values[known:]
            truths = [KLEENE[one] if isinstance(one, bool) else 0 for one in values]
            more = np.array([truths, [one is not None for one in values]], np.int8)
            self._truths = np.concatenate([self._truths, more], axis=1)
        return self._truths


class StatementBook(Book):
    """Statements about controls: status (its place, −1 for none), day, due day, last day of the evidence as ordinals
    (0 for none), whether it applies, and the last days of an agreement that it does not and of other evidence.

    Days make nearly every statement another one, so that a new one has to cost little: a text is cut up, no more.
    """

    def __init__(self, method: Method) -> None:
        super().__init__({key: place for place, key in enumerate(method.controls)})
        self._method = method
        self._names = tuple(method.control_status)
        self._statuses = {name: place for place, name in enumerate(self._names)}
        self._rows: list[tuple[int, int, int, int, bool, int, int]] = [(-1, 0, 0, 0, True, 0, 0)]
        self._table = np.zeros((0, 7), np.int32)
        self._days: dict[str, str] = {"": "null"}

    def number(self, control: str, one: Stated) -> int:
        """The number of a statement; nothing for a control that the method does not know."""
        given = (one.as_of, one.due, one.valid_until, one.agreed_until, one.evidenced_until)
        days = [str(day.toordinal()) if day else "" for day in given]
        applies = "t" if one.applicable else "f"
        rest = [days[4]] if days[4] else []
        return self.of_text(",".join([control, one.status or "", *days[:3], applies, days[3], *rest]))

    def of_text(self, text: str) -> int:
        """The number of a statement as `control,status,day,due,until,applies,agreed until`, days as ordinals; with the
        day up to which other evidence counts behind it, where there is one."""
        known = self.numbers.get(text)
        if known is None:
            known = self.numbers[text] = self._new(*text.split(","))
        return known

    def _new(
        self, control: str, status: str, as_of: str, due: str, until: str, applies: str, agreed: str, rest: str = ""
    ) -> int:
        if control not in self.columns:
            return NOTHING
        faults = {}
        if status and status not in self._statuses:
            faults = misfits(Case(controls={control: Stated(status, date.min)}), self._method)
        days = f"{self._day(as_of)},{self._day(due)}"
        if until or applies == "f":  # the shortest form, as `case.stated_plain` chooses it
            days = f"{days},{self._day(until)},{'true' if applies == 't' else 'false'}"
            days += f",{self._day(agreed)}" if agreed or rest else ""
            days += f",{self._day(rest)}" if rest else ""
        elif not due:
            days = self._day(as_of)
        given = orjson.dumps(status or None).decode()
        numbers = (int(as_of), int(due or 0), int(until or 0), applies == "t", int(agreed or 0), int(rest or 0))
        self._rows.append((self._statuses.get(status, -1), *numbers))
        return self.add(control, f'"{control}":[{given},{days}]', faults)

    def _day(self, ordinal: str) -> str:
        """A day as JSON, from the text of its ordinal."""
        found = self._days.get(ordinal)
        if found is None:
            found = self._days[ordinal] = f'"{date.fromordinal(int(ordinal)).isoformat()}"'
        return found

    def statement(self, number: int) -> Stated:
        """The statement of a number."""
        status, as_of, due, until, applies, agreed, rest = self._rows[number]
        return Stated(
            self._names[status] if status >= 0 else None,
            date.fromordinal(as_of),
            date.fromordinal(due) if due else None,
            date.fromordinal(until) if until else None,
            applicable=applies,
            agreed_until=date.fromordinal(agreed) if agreed else None,
            evidenced_until=date.fromordinal(rest) if rest else None,
        )

    @property
    def table(self) -> Numbers:
        """One row a statement: status, day, due day, last day of the evidence, applies, last day of an agreement, last
        day of other evidence."""
        if len(self._table) < len(self._rows):
            more = np.array(self._rows[len(self._table) :], np.int32)
            self._table = np.concatenate([self._table, more])
        return self._table


class Codebook:
    """The books of one method."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.keys: tuple[str, ...] = tuple(sorted(method.answerable))
        self.factors = tuple(self.keys.index(key) for key in method.factors if key != EU_CLASS_FACTOR)
        self.answers = AnswerBook(self.keys, method)
        self.organisations: list[Mapping[str, Truth]] = []
        self._organisations: dict[str, int] = {}
        self._faulty_organisations: dict[int, dict[str, str]] = {}
        controls = tuple(method.controls)
        self._by_name = sorted(range(len(controls)), key=controls.__getitem__)
        self.statements = StatementBook(method)

    def organisation(self, facts: Mapping[str, Truth]) -> int:
        """The number of a set of organisation facts."""
        known = {key: value for key, value in facts.items() if key in self.method.facts}
        text = orjson.dumps(known, option=orjson.OPT_SORT_KEYS).decode()
        if text not in self._organisations:
            number = self._organisations[text] = len(self.organisations)
            self.organisations.append(known)
            if faults := misfits(Case(organisation=known), self.method):
                self._faulty_organisations[number] = faults
        return self._organisations[text]

    def encode(self, cases: Sequence[Case]) -> Cases:
        """Cases as arrays."""
        self.renew()
        answers, statements = self.answers, self.statements
        return Cases(
            answers=answers.place([_known(answers.number(*item) for item in one.answers.items()) for one in cases]),
            statements=statements.place(
                [_known(statements.number(*item) for item in one.controls.items()) for one in cases]
            ),
            organisation=np.array([self.organisation(one.organisation) for one in cases], np.int32),
            usage=np.array(
                [(one.usage.interactions, one.usage.sensitive, one.usage.attacks) for one in cases], np.int64
            ).reshape(-1, 3),
            occurrences={row: one.occurrences for row, one in enumerate(cases) if one.occurrences},
            measures={row: one.measures for row, one in enumerate(cases) if one.measures.count},
            held={row: one.held for row, one in enumerate(cases) if one.held},
        )

    def renew(self) -> None:
        """Forget statements where there are too many; only between chunks, whose numbers they explain."""
        if len(self.statements.column) > MOST_STATEMENTS:
            self.statements = StatementBook(self.method)

    def answered(self, cases: Cases, row: int) -> Case:
        """What is answered in one row, and nothing else of its case."""
        given = self.answers.values
        return Case(
            answers={self.keys[place]: given[n] for place, n in enumerate(cases.answers[row].tolist()) if n},
            organisation=self.organisations[cases.organisation[row]],
        )

    def case(self, cases: Cases, row: int) -> Case:
        """One row as the case it came from, less what the method does not know."""
        stated = self.statements.statement
        return replace(
            self.answered(cases, row),
            controls={
                key: stated(n) for key, n in zip(self.method.controls, cases.statements[row].tolist(), strict=True) if n
            },
            occurrences=cases.occurrences.get(row, ()),
            usage=Usage(*cases.usage[row].tolist()),
            measures=cases.measures.get(row, Measures()),
            held=cases.held.get(row),
        )

    def faults(self, cases: Cases) -> dict[int, dict[str, str]]:
        """What the method can't read, by row and then by question or control (`fitness.misfits`)."""
        found: dict[int, dict[str, str]] = {}
        for book, table in ((self.answers, cases.answers), (self.statements, cases.statements)):
            if book.faults:
                for row, column in zip(*np.nonzero(np.isin(table, list(book.faults))), strict=True):
                    found.setdefault(int(row), {}).update(book.faults[int(table[row, column])])
        for row, number in enumerate(cases.organisation.tolist() if self._faulty_organisations else ()):
            if faults := self._faulty_organisations.get(number):
                found.setdefault(row, {}).update(faults)
        return found

    def dated_texts(self, cases: Cases) -> list[str]:
        """For each case the JSON that `case.dated_text` gives it."""
        answers = _joined(self.answers, cases.answers)
        controls = _joined(self.statements, cases.statements[:, self._by_name])
        organisation = [orjson.dumps(dict(one), option=orjson.OPT_SORT_KEYS).decode() for one in self.organisations]
        texts = []
        for row, place in enumerate(cases.organisation.tolist()):
            events = cases.occurrences.get(row)
            facts = organisation[place]
            parts = (
                f'"answers":{{{answers[row]}}}' if answers[row] else "",
                f'"controls":{{{controls[row]}}}' if controls[row] else "",
                f'"events":{_events(events)}' if events else "",
                f'"organisation":{facts}' if facts != "{}" else "",
            )
            texts.append(f"{{{','.join(filter(None, parts))}}}")
        return texts


@lru_cache(maxsize=4)
def codebook(method: Method) -> Codebook:
    """The codebook of a method in this process."""
    return Codebook(method)


def by_text(book: AnswerBook | StatementBook, texts: Iterable[str], separator: str) -> Numbers:
    """A table of numbers from one text an application, its parts joined by the separator."""
    of_text: Callable[[str], int] = book.of_text
    return book.place([_known(map(of_text, text.split(separator))) if text else [] for text in texts])


def _known(numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if number]


def _joined(book: Book, table: Numbers) -> list[str]:
    """The JSON parts of each row, in the order of its columns."""
    fragments = np.array(book.fragments, object)
    return [",".join(filter(None, row)) for row in fragments[table].tolist()]


def _events(events: tuple[Occurrence, ...]) -> str:
    return orjson.dumps(to_plain(Case(occurrences=events))["events"]).decode()
