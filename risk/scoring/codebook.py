"""Many cases as arrays: each answer and each statement about a control is a small number, its meaning kept once.

A hundred thousand applications make a few thousand different answers and statements, so a chunk is read by looking
texts up and everything after that is array work. The books belong to one method and only grow until they are renewed;
what they give back never depends on what they have seen before.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from risk.scoring.application import Ratchet
from risk.scoring.case import Case, Occurrence, Stated, Usage, stated_plain, to_plain
from risk.scoring.classify import Answer
from risk.scoring.expressions import Truth
from risk.scoring.fitness import misfits
from risk.scoring.method import Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR

Numbers: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

NOTHING = 0  # the number of "no answer" and of "nothing stated"
MOST_STATEMENTS = 250_000  # before the book of statements is renewed: some 80 MB


@dataclass(frozen=True, slots=True)
class Cases:
    """A chunk of cases, one row each: what `Case` holds, as arrays.

    `answers`: number of the answer by question (`Codebook.keys`); `statements`: number of the statement by control, in
    the order of the library; `organisation`: number of the facts of the organisation; `usage`: interactions, sensitive,
    attacks. What few applications have stays by row: occurrences and the ratchet in force.
    """

    answers: Numbers
    statements: Numbers
    organisation: Numbers
    usage: NDArray[np.int64]
    occurrences: Mapping[int, tuple[Occurrence, ...]] = field(default_factory=dict)
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


class StatementBook(Book):
    """Statements about controls: status (its place, −1 for none), day, due day, last day of the evidence as ordinals
    (0 for none), and whether it applies."""

    def __init__(self, method: Method) -> None:
        super().__init__({key: place for place, key in enumerate(method.controls)})
        self._method = method
        self._statuses = {name: place for place, name in enumerate(method.control_status)}
        self.statements: list[Stated | None] = [None]
        self._rows: list[tuple[int, int, int, int, bool]] = [(-1, 0, 0, 0, True)]
        self._table = np.zeros((0, 5), np.int32)
        self._texts: dict[str, int] = {}

    def number(self, control: str, one: Stated) -> int:
        """The number of a statement; nothing for a control that the method does not know."""
        if control not in self.columns:
            return NOTHING
        known = self.numbers.get((control, one))
        if known is None:
            fragment = f'"{control}":{orjson.dumps(stated_plain(one)).decode()}'
            faults = misfits(Case(controls={control: one}), self._method)
            known = self.numbers[control, one] = self.add(control, fragment, faults)
            as_of, due, until = (day.toordinal() if day else 0 for day in (one.as_of, one.due, one.valid_until))
            self._rows.append((self._statuses.get(one.status or "", -1), as_of, due, until, one.applicable))
            self.statements.append(one)
        return known

    def of_text(self, text: str) -> int:
        """The number of a statement written as `control,status,day,due,until,applies` with days as ordinals."""
        known = self._texts.get(text)
        if known is None:
            control, status, as_of, due, until, applies = text.split(",")
            one = Stated(
                status or None, date.fromordinal(int(as_of)), _day(due), _day(until), applicable=applies == "t"
            )
            known = self._texts[text] = self.number(control, one)
        return known

    @property
    def table(self) -> Numbers:
        """One row a statement: status, day, due day, last day of the evidence, applies."""
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
        self.others = tuple(place for place in range(len(self.keys)) if place not in self.factors)
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
            held={row: one.held for row, one in enumerate(cases) if one.held},
        )

    def renew(self) -> None:
        """Forget statements where there are too many; only between chunks, whose numbers they explain."""
        if len(self.statements.column) > MOST_STATEMENTS:
            self.statements = StatementBook(self.method)

    def case(self, cases: Cases, row: int) -> Case:
        """One row as the case it came from, less what the method does not know."""
        given, stated = self.answers.values, self.statements.statements
        return Case(
            answers={self.keys[place]: given[n] for place, n in enumerate(cases.answers[row].tolist()) if n},
            organisation=self.organisations[cases.organisation[row]],
            controls={
                key: one
                for key, n in zip(self.method.controls, cases.statements[row].tolist(), strict=True)
                if (one := stated[n]) is not None
            },
            occurrences=cases.occurrences.get(row, ()),
            usage=Usage(*cases.usage[row].tolist()),
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


def _day(text: str) -> date | None:
    return date.fromordinal(int(text)) if text else None
