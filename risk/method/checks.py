"""What no single file can tell: that every name used exists, that weights add up, that the table can be run."""

from collections.abc import Iterable, Mapping

from risk.frameworks import check_uncovered
from risk.frameworks.reading import Findings, duplicates
from risk.method.schema import ClassificationSchema, ControlsSchema, ScoringSchema
from risk.scoring.expressions import Expression, names
from risk.scoring.method import Factor, Method
from risk.scoring.vocabulary import EU_CLASS_FACTOR, INHERENT_HIGH_FACT, SCALE_FACTOR, EUClass

FACTS = "method/facts.yaml"
CONTROLS = "method/controls.yaml"
TABLE = "method/classification.yaml"
SCORING = "method/scoring.yaml"

# The options of the derived factor; the engine maps the other classes onto them.
EU_OPTIONS = (EUClass.MINIMAL, EUClass.TRANSPARENCY, EUClass.HIGH_RISK)


def check_method(
    method: Method,
    scoring: ScoringSchema,
    controls: ControlsSchema,
    table: ClassificationSchema,
    findings: Findings,
) -> None:
    """Adds everything that does not fit together to `findings`."""
    _facts(method, findings)
    _weights(method, scoring, findings)
    _factors(method, findings)
    _signals(method, findings)
    _controls(method, controls, findings)
    _table(method, table, findings)
    _requirements(method, findings)


def _facts(method: Method, findings: Findings) -> None:
    for fact in method.facts.values():
        for name, others in (("implies", fact.implies), ("excludes", fact.excludes), ("one_of", fact.one_of)):
            _known(others, method.facts, FACTS, f"facts.{fact.id}.{name}", "fact", findings)
    if INHERENT_HIGH_FACT not in method.facts:
        findings.add(FACTS, "facts", f"{INHERENT_HIGH_FACT} is missing", "add it: the score derives it")
    if findings.problems:
        return
    for fact in method.facts.values():
        for other in method.implied[fact.id]:
            for excluded in method.facts[other].excludes:
                if excluded in method.implied[fact.id]:
                    message = f"implies both {other} and {excluded}, which exclude each other"
                    findings.add(FACTS, f"facts.{fact.id}", message, "correct `implies` or `excludes`")


def _weights(method: Method, scoring: ScoringSchema, findings: Findings) -> None:
    for name, rows, factors in (
        ("impact_weights", scoring.impact_weights, method.impact_factors),
        ("likelihood_weights", scoring.likelihood_weights, method.likelihood_factors),
    ):
        _same_keys(rows, method.principles, SCORING, name, findings)
        for principle, row in rows.items():
            place = f"{name}.{principle}"
            _same_keys(row, [f.id for f in factors], SCORING, place, findings)
            if abs(sum(row.values()) - 1) > 1e-9:
                findings.add(SCORING, place, f"adds up to {sum(row.values()):g}", "let the row add up to 1")
    _same_keys(method.overall_weights, method.principles, SCORING, "overall_weights", findings)
    department = method.parameters
    total = department.dept_worst + department.dept_tail + department.dept_mean
    if abs(total - 1) > 1e-9:
        findings.add(SCORING, "parameters.dept", f"worst, tail and mean add up to {total:g}", "let them add up to 1")
    starts = [start for _, start in method.bands]
    if starts[0] != 0 or starts != sorted(set(starts)):
        findings.add(SCORING, "bands", "do not rise from 0", "order them by `from`, the first one from 0")
    for what, ids in (("bands", [b for b, _ in method.bands]), ("principles", method.principles)):
        for twice in duplicates(ids):
            findings.add(SCORING, what, f"{twice} stands twice", "give each its own id")


def _factors(method: Method, findings: Findings) -> None:
    for factor in method.factors.values():
        for name, extra in (("floor", factor.floor), ("exposure_weight", factor.exposure)):
            if extra:
                place = f"{factor.kind}_factors.{factor.id}.{name}"
                _same_keys(extra, factor.options, SCORING, place, findings)
    _needed(method.factors.get(EU_CLASS_FACTOR), EU_CLASS_FACTOR, "floor", findings)
    _needed(method.factors.get(SCALE_FACTOR), SCALE_FACTOR, "exposure_weight", findings)
    if EU_CLASS_FACTOR in method.factors:
        place = f"impact_factors.{EU_CLASS_FACTOR}.options"
        _same_keys(method.factors[EU_CLASS_FACTOR].options, EU_OPTIONS, SCORING, place, findings)


def _needed(factor: Factor | None, name: str, extra: str, findings: Findings) -> None:
    if factor is None or not (factor.floor if extra == "floor" else factor.exposure):
        findings.add(SCORING, f"impact_factors.{name}.{extra}", "is missing", "add it: the score is built on it")


def _signals(method: Method, findings: Findings) -> None:
    weighted = [(f"alert_weights.{key}", one) for key, one in method.alert_weights.items()]
    weighted += [(f"rate_signals.{key}.principles", one.principles) for key, one in method.rates.items()]
    weighted.append(("drift_signal.principles", method.drift.principles))
    for place, weights in weighted:
        _known(weights, method.principles, SCORING, place, "principle", findings)
    if "default" not in method.alert_weights:
        findings.add(SCORING, "alert_weights", "has no `default`", "add it: alerts without a known tactic use it")


def _controls(method: Method, controls: ControlsSchema, findings: Findings) -> None:
    for twice in duplicates(one.id for one in controls.controls):
        findings.add(CONTROLS, f"controls[{twice}]", "stands twice", "give each its own id")
    for control in method.controls.values():
        place = f"controls[{control.id}]"
        _known((control.family,), method.families, CONTROLS, f"{place}.id", "family", findings)
        _known(control.principles, method.principles, CONTROLS, f"{place}.principles", "principle", findings)
        _known((control.principle,), control.principles, CONTROLS, f"{place}.principle", "weight for", findings)
        _known(control.evidence, method.evidence_kinds, CONTROLS, f"{place}.evidence", "evidence kind", findings)
        _atoms(control.applies_when, method.facts, CONTROLS, f"{place}.applies_when", findings)
        known = _known(control.satisfies, method.requirements, CONTROLS, f"{place}.satisfies", "requirement", findings)
        for twice in duplicates(known):
            findings.add(CONTROLS, f"{place}.satisfies", f"{twice} stands twice", "name it once")
    if not any(problem.file == CONTROLS for problem in findings.problems):
        check_uncovered(method.uncovered, method.requirements, method.satisfied_by, findings)


def _table(method: Method, table: ClassificationSchema, findings: Findings) -> None:
    _same_keys(method.classes, [c.value for c in EUClass], TABLE, "classes", findings)
    _same_keys(dict.fromkeys(method.headline_order), method.classes, TABLE, "headline_order", findings)
    for what, ids in (("questions", table.questions), ("rules", table.rules), ("transition", table.transition)):
        for twice in duplicates(one.id for one in ids):
            findings.add(TABLE, f"{what}[{twice}]", "stands twice", "give each its own id")
    answers = question_atoms(method)
    for question in method.questions.values():
        place = f"questions[{question.id}]"
        if (question.type == "yes_no") == bool(question.options):
            findings.add(TABLE, place, f"{question.type} and its options do not fit", "give options to choices only")
        if question.type == "choice" and "none" not in question.options:
            findings.add(TABLE, f"{place}.options", "has no `none`", "add it: what is not mentioned counts as none")
        if question.ask_if is not None:
            _atoms(question.ask_if, answers, TABLE, f"{place}.ask_if", findings)
    _rules(method, answers, findings)


def _rules(method: Method, answers: frozenset[str], findings: Findings) -> None:
    derivable: set[str] = set()
    for rule in method.rules:
        place = f"rules[{rule.id}]"
        if rule.class_ is not None:
            _known((rule.class_,), method.classes, TABLE, f"{place}.class", "class", findings)
        _atoms(rule.when, answers | derivable, TABLE, f"{place}.when", findings)
        for fact in _known(rule.facts, method.facts, TABLE, f"{place}.facts", "fact", findings):
            if method.facts[fact].source != "classification":
                message = f"{fact} has source {method.facts[fact].source}"
                findings.add(TABLE, f"{place}.facts", message, "derive only facts of source classification")
            derivable |= method.implied[fact]


def question_atoms(method: Method) -> frozenset[str]:
    """Every atom about answers: `q.id`, `q.id.option`, `q.id.none`, `.any` and `.only_option` of a multi."""
    found: set[str] = set()
    for question in method.questions.values():
        name = f"q.{question.id}"
        if question.type == "yes_no":
            found.add(name)
            continue
        found |= {f"{name}.{option}" for option in question.options} | {f"{name}.none", f"{name}.any"}
        if question.type == "multi":
            found |= {f"{name}.only_{option}" for option in question.options}
    return frozenset(found)


def _requirements(method: Method, findings: Findings) -> None:
    for requirement in method.requirements.values():
        file = f"frameworks/{requirement.framework}.yaml"
        place = f"requirements[{requirement.id}]"
        _known(requirement.principles, method.principles, file, f"{place}.principles", "principle", findings)
        _atoms(requirement.applies_to, method.facts, file, f"{place}.applies_to", findings)
        for condition, _ in requirement.obligation_from_when:
            _atoms(condition, method.facts, file, f"{place}.obligation_from_when", findings)


def _known(
    used: Iterable[str], known: Iterable[str], file: str, place: str, what: str, findings: Findings
) -> list[str]:
    """The names that exist; each other one becomes a finding."""
    found = []
    for name in used:
        if name in known:
            found.append(name)
        else:
            findings.add(file, place, f"no {what} {name!r}", f"correct the name, or add the {what}")
    return found


def _atoms(tree: Expression, known: Iterable[str], file: str, place: str, findings: Findings) -> None:
    for name in sorted(names(tree) - set(known)):
        findings.add(file, place, f"{name!r} is not known here", "use a declared name, derived before it is used")


def _same_keys(rows: Mapping[str, object], expected: Iterable[str], file: str, place: str, findings: Findings) -> None:
    wanted = list(expected)
    for name in wanted:
        if name not in rows:
            findings.add(file, place, f"{name} is missing", "add it")
    for name in rows:
        if name not in wanted:
            findings.add(file, place, f"{name!r} is not expected", "correct the name, or remove it")
