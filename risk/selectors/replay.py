"""Stored snapshots judged again, each from its own inputs and with the method it names (contracts §3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.db.models import QuerySet

from risk.method import MethodError, load_method
from risk.models import ScoreSnapshot
from risk.scoring.case import digest, from_plain
from risk.scoring.judgement import Judgement, judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import OVERALL

TOLERANCE = 1e-9
CHUNK = 500  # snapshots in memory at once
_PARTS = ("low", "high", "point", "inherent")
# What can go wrong with inputs that do not fit: a key, an option or a type that the method does not know
_UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class Replay:
    """A snapshot with what differs from it when it is made again; nothing where it is the same."""

    snapshot: ScoreSnapshot
    differences: tuple[str, ...]


def snapshots(newest_only: bool) -> QuerySet[ScoreSnapshot]:
    """The snapshots to verify: every one, or the newest of each application."""
    found = ScoreSnapshot.objects.with_inputs().select_related("application")
    if newest_only:
        return found.order_by("application_id", "-as_of", "-id").distinct("application_id")
    return found.order_by("application_id", "as_of", "id")


def replayed(wanted: QuerySet[ScoreSnapshot]) -> Iterator[Replay]:
    """Make each again, read as a stream. Without an order in the query they come as the database has them."""
    for snapshot in wanted.iterator(chunk_size=CHUNK):
        yield Replay(snapshot, tuple(_differences(snapshot)))


def judged_again(snapshot: ScoreSnapshot) -> tuple[Judgement, Method]:
    """The judgement that a snapshot stores, with its method. Raises MethodError where that method is gone."""
    method = load_method(snapshot.method)
    return judge(from_plain(snapshot.plain), snapshot.as_of, method), method


@cache
def _missing(version: str) -> str:
    """Why the method can't be used; empty where it can. Asked once a version, since the answer costs reading files."""
    try:
        load_method(version)
    except MethodError as problem:
        return f"method {version} cannot be used: {problem}"
    return ""


def _differences(snapshot: ScoreSnapshot) -> Iterator[str]:
    if missing := _missing(snapshot.method):
        yield missing
        return
    try:
        judgement, method = judged_again(snapshot)
        found = digest(snapshot.plain, method)
    except _UNREADABLE as problem:
        yield f"inputs cannot be read: {type(problem).__name__} {problem}"
        return
    if found != snapshot.digest:
        yield f"digest: stored {snapshot.digest}, made again {found}"
    for name, value in _values(judgement, method):
        stored = getattr(snapshot, name)
        same = abs(stored - value) <= TOLERANCE if isinstance(value, float) else stored == value
        if not same:
            yield f"{name}: stored {stored}, made again {value}"


def _values(judgement: Judgement, method: Method) -> Iterator[tuple[str, object]]:
    """The columns of a snapshot that follow from its inputs."""
    score = judgement.score
    for part in _PARTS[:3]:
        yield f"{OVERALL}_{part}", getattr(score, part)
    for principle, one in score.principles.items():
        for part in _PARTS:
            yield f"{principle}_{part}", getattr(one, part)
    yield "band", score.band
    yield "eu_class", judgement.classification.class_
    yield "exposure", int(method.exposure(judgement.scale))
