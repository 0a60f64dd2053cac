"""Names of the method that tables, pages and the engine know by heart: a release can't rename them by itself."""

from collections.abc import Iterable

from risk.choices import Band, ControlStatus, Principle
from risk.frameworks.reading import Findings, duplicates
from risk.method.schema import ClassificationSchema, ControlsSchema, FactsSchema
from risk.scoring.method import Method

SCORING = "method/scoring.yaml"
SEVERITIES = ("low", "medium", "high", "critical")
RATES = ("sensitive_interactions", "blocked_attacks")  # those that the hub counts itself from feeds
_OF_ATOMS = ("none", "any")  # q.question.none and .any already mean something


def check_vocabulary(
    method: Method,
    facts: FactsSchema,
    controls: ControlsSchema,
    table: ClassificationSchema,
    findings: Findings,
) -> None:
    """Adds every name that is missing, taken twice or reserved to `findings`."""
    for place, have, wanted in (
        ("principles", method.principles, Principle.values),
        ("bands", [band for band, _ in method.bands], Band.values),
        ("control_status", method.control_status, ControlStatus.values),
        ("signal_severity", method.signal_severity, SEVERITIES),
    ):
        _exactly(place, have, wanted, findings)
    for rate in RATES:
        if rate not in method.rates:
            findings.add(SCORING, "rate_signals", f"{rate} is missing", "add it: the hub counts it from feeds")
    _one_namespace(method, findings)
    _options(table, findings)
    _lists(facts, controls, table, findings)


def _exactly(place: str, have: Iterable[str], wanted: Iterable[str], findings: Findings) -> None:
    given, known = list(have), list(wanted)
    for name in known:
        if name not in given:
            findings.add(SCORING, place, f"{name} is missing", "add it: tables and pages know it by this name")
    for name in given:
        if name not in known:
            findings.add(SCORING, place, f"{name!r} is not known", f"use one of: {', '.join(known)}")


def _one_namespace(method: Method, findings: Findings) -> None:
    """Answers are stored by the name of their question alone, whether factor, fact or question of the table."""
    for file, place, names in (
        ("method/facts.yaml", "facts", method.facts),
        ("method/classification.yaml", "questions", method.questions),
    ):
        for name in names:
            if name in method.factors or (place == "questions" and name in method.facts):
                message = f"{name} is already the name of another question"
                findings.add(file, f"{place}.{name}", message, "give it a name of its own")


def _options(table: ClassificationSchema, findings: Findings) -> None:
    for question in table.questions:
        if question.type != "multi":
            continue
        for option in question.options:
            if option in _OF_ATOMS or option.startswith("only_"):
                message = f"the option {option} has a meaning of its own in conditions"
                findings.add("method/classification.yaml", f"questions[{question.id}].options", message, "rename it")


def _lists(facts: FactsSchema, controls: ControlsSchema, table: ClassificationSchema, findings: Findings) -> None:
    """Lists in which a name may stand only once."""
    lists: list[tuple[str, str, list[str]]] = [("method/classification.yaml", "headline_order", table.headline_order)]
    for rule in table.rules:
        lists += [("method/classification.yaml", f"rules[{rule.id}].facts", rule.facts)]
    for control in controls.controls:
        lists += [("method/controls.yaml", f"controls[{control.id}].evidence", control.evidence)]
    for key, fact in facts.facts.items():
        for name in ("implies", "excludes", "one_of"):
            lists.append(("method/facts.yaml", f"facts.{key}.{name}", getattr(fact, name)))
    for file, place, names in lists:
        for twice in duplicates(names):
            findings.add(file, place, f"{twice} stands twice", "name it once")
