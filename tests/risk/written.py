"""Complete records, as a team would write them."""

from typing import Any

from inventory.models import User
from risk.method import load_method, newest
from risk.models import Record
from risk.records.content import goals
from risk.services import records

_USE = {
    "fit": "Clerks find the paragraph they need.",
    "stakeholders": [{"who": "Customers", "benefits": "Quick answers", "harms": "A wrong answer"}],
    "oversight": "The head of Cards.",
    "readiness": "in_use",
    "complexity": "simple",
    "humans": "recommends",
    "environment": "simple",
}
COMPLETE: dict[str, dict[str, Any]] = {
    "system": {
        "description": "Summarises letters.",
        "regions": [{"region": "EU", "language": "English", "when": "now"}],
        "deployment": ["internal"],
    },
    "uses": {"uses": [{"who": "Clerks", "what": "Reading letters", "where": "Back office"}]},
    "use": _USE,
    "adverse": {
        "restricted": [],
        "restricted_why": "All six were checked.",
        "sensitive_legal": "no",
        "sensitive_injury": "no",
        "sensitive_rights": "no",
        "limitations": "Handwriting.",
    },
    "data": {"requirements": "Letters of one year."},
    "summary": {
        "harms": [{"harm": "A wrong summary", "who": "Customers", "goals": "RS2", "controls": "HO-01"}],
        "goals": {key: {"applies": "yes", "why": "Looked at."} for key in goals(load_method(newest()))},
    },
}
EXEMPTION: dict[str, dict[str, Any]] = {
    "record": {
        "condition": ["procedural"],
        "reasons": "It only sorts.",
        "influence": "A clerk reads everything.",
        "profiling": "It reads forms, not people.",
        "assessed_on": "2026-11-01",
        "kept": "Register of the legal team",
    }
}
FUNDAMENTAL_RIGHTS: dict[str, dict[str, Any]] = {
    "assessment": {
        "period": "Daily, until 2028.",
        "affected": "Applicants for loans.",
        "risks": [{"who": "Applicants", "right": "Equality", "harm": "A wrong refusal"}],
        "oversight": "Loan officers decide.",
        "measures": "Complaints go to the ombudsperson.",
    }
}
_OF_FORM = {"impact": COMPLETE, "exemption": EXEMPTION, "fundamental_rights": FUNDAMENTAL_RIGHTS}


def write(actor: User, draft: Record, **changes: Any) -> Record:
    """Fill in everything that is needed; `changes` replace values of whatever section has them."""
    for section, values in _OF_FORM[draft.form].items():
        own = {key: value for key, value in changes.items() if key in values}
        records.save(actor=actor, record=draft, section=section, values={**values, **own}, row=0)
    return Record.objects.get(pk=draft.pk)
