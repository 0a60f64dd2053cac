"""When a record has to be written again: after its time, or because what it was about changed."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from risk.records.schema import FormSchema

_MONTHS_A_YEAR = 12


def basis_of(form: FormSchema, register: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Register fields and answers on which the record rests, as they stand: `{change: {name: value}}`."""
    return {
        key: {
            **{name: register.get(name) for name in change.from_register},
            **{name: answers.get(name) for name in change.from_answers},
        }
        for key, change in form.due_again.items()
    }


def changed_since(form: FormSchema, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In words what is different from what the record rests on. A thing the basis doesn't name is no change."""
    found = []
    for key, change in form.due_again.items():
        old, new = before.get(key, {}), now.get(key, {})
        names = [name for name in old if old[name] != new.get(name)]
        if names:
            found.append(f"{change.text} changed ({', '.join(name.replace('_', ' ') for name in names)})")
    return found


def due_on(form: FormSchema, since: date) -> date:
    """The day from which it is due again whatever happens."""
    months = since.month - 1 + form.review_months
    year, month = since.year + months // _MONTHS_A_YEAR, months % _MONTHS_A_YEAR + 1
    return date(year, month, min(since.day, monthrange(year, month)[1]))


def dropped(versions: Sequence[tuple[str, Sequence[str]]], triggers: Sequence[str]) -> list[str]:
    """Triggers that earlier versions (oldest first) name and this text no longer does, back to the one in force.

    Taking a use out is as grave as naming it: it is what ends the second signature from now on.
    """
    named: list[str] = []
    for state, before in versions:
        named = [*before] if state == "approved" else [*named, *before]
    return [one for one in dict.fromkeys(named) if one not in triggers]


def unsigned(versions: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Triggers that no approved version covers, of an application's versions as (state, triggers), oldest first.

    What was once submitted counts until a later version is approved, so that withdrawing it, or leaving the answer
    out of a version that nobody has signed yet, does not get round the review. A draft counts as it stands.
    """
    covered: set[str] = set()
    since: list[str] = []  # of every version after the approved one: the later does not replace the earlier
    for state, triggers in versions:
        if state == "approved":
            covered, since = set(triggers), []
        else:
            since.extend(triggers)
    return [one for one in dict.fromkeys(since) if one not in covered]
