"""From the files to one `Method`: each file is read on its own, then everything is checked against everything."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from risk.frameworks import parsed, read_frameworks, read_uncovered
from risk.frameworks.reading import Findings, StrictModel, read_yaml
from risk.method.checks import check_method
from risk.method.order import check_order
from risk.method.schema import (
    ClassificationSchema,
    ControlSchema,
    ControlsSchema,
    FactorSchema,
    FactSchema,
    FactsSchema,
    ParametersSchema,
    QuestionSchema,
    RuleSchema,
    ScoringSchema,
)
from risk.method.vocabulary import check_vocabulary
from risk.scoring import method as m

Schema = TypeVar("Schema", bound=StrictModel)


def build_method(
    texts: Mapping[str, bytes], version: str, released: date, digest: str, findings: Findings
) -> m.Method | None:
    """The method, or None where a file could not be read; everything wrong is in `findings`."""
    facts = _read(texts, "facts", FactsSchema, findings)
    scoring = _read(texts, "scoring", ScoringSchema, findings)
    controls = _read(texts, "controls", ControlsSchema, findings)
    table = _read(texts, "classification", ClassificationSchema, findings)
    framework_texts = {file: text for file, text in texts.items() if file.startswith("frameworks/")}
    frameworks = read_frameworks(framework_texts, findings)
    uncovered = read_uncovered(framework_texts, findings)
    if facts is None or scoring is None or controls is None or table is None:
        return None
    method = m.Method(
        version=version,
        digest=digest,
        released=released,
        **_scoring(scoring),
        facts={key: _fact(key, one) for key, one in facts.facts.items()},
        controls={one.id: _control(one, findings) for one in controls.controls},
        families=controls.families,
        evidence_kinds=controls.evidence_kinds,
        questions={one.id: _question(one, findings) for one in table.questions},
        rules=tuple(_rule(one, findings) for one in table.rules),
        classes={
            key: m.ClassInfo(key, one.title, one.colour, one.action, one.note) for key, one in table.classes.items()
        },
        headline_order=tuple(table.headline_order),
        transitions=tuple(m.Transition(t.id, tuple(t.articles), t.text) for t in table.transition),
        frameworks=frameworks,
        uncovered=uncovered,
    )
    check_method(method, scoring, controls, table, findings)
    check_order(method, findings)
    check_vocabulary(method, facts, controls, table, findings)
    return method


def _read(texts: Mapping[str, bytes], name: str, schema: type[Schema], findings: Findings) -> Schema | None:
    file = f"method/{name}.yaml"
    if file not in texts:
        findings.add(file, "", "is missing", "add it to the folder of the version")
        return None
    return read_yaml(texts[file], file, schema, findings)


def _fact(key: str, one: FactSchema) -> m.Fact:
    return m.Fact(key, one.source, one.text, tuple(one.implies), tuple(one.excludes), tuple(one.one_of))


def _control(one: ControlSchema, findings: Findings) -> m.Control:
    return m.Control(
        id=one.id,
        title=one.title,
        question=" ".join(one.question.split()),
        family=one.id.split("-")[0],
        principle=one.principle,
        principles=one.principles,
        evidence=tuple(one.evidence),
        applies_when=parsed(one.applies_when, "method/controls.yaml", f"controls[{one.id}].applies_when", findings),
        review_days=one.review_days,
        severity=one.severity,
        tier=one.tier,
        satisfies=tuple(one.satisfies),
    )


def _question(one: QuestionSchema, findings: Findings) -> m.Question:
    place = f"questions[{one.id}].ask_if"
    return m.Question(
        id=one.id,
        type=one.type,
        text=one.text,
        article=one.article,
        help=one.help,
        options=one.options,
        ask_if=parsed(one.ask_if, "method/classification.yaml", place, findings) if one.ask_if else None,
        effective_from=one.from_,
    )


def _rule(one: RuleSchema, findings: Findings) -> m.Rule:
    return m.Rule(
        id=one.id,
        when=parsed(one.when, "method/classification.yaml", f"rules[{one.id}].when", findings),
        class_=one.class_,
        facts=tuple(one.facts),
        articles=tuple(one.articles),
        reason=one.reason,
        effective_from=one.from_,
        stop=one.stop,
    )


def _scoring(schema: ScoringSchema) -> dict:
    drift = schema.drift_signal
    return {
        "principles": tuple(schema.principles),
        "bands": tuple((band.id, band.from_) for band in schema.bands),
        "factors": {
            **{key: _factor(key, "impact", one) for key, one in schema.impact_factors.items()},
            **{key: _factor(key, "likelihood", one) for key, one in schema.likelihood_factors.items()},
        },
        "weights": {
            p: {**schema.impact_weights.get(p, {}), **schema.likelihood_weights.get(p, {})} for p in schema.principles
        },
        "overall_weights": schema.overall_weights,
        "parameters": _parameters(schema.parameters),
        "control_status": schema.control_status,
        "signal_severity": schema.signal_severity,
        "alert_weights": schema.alert_weights,
        "rates": {
            key: m.MeasureSignal(key, one.tolerance_per_1000, one.severity, one.principles)
            for key, one in schema.rate_signals.items()
        },
        "drift": m.MeasureSignal("drift", drift.tolerance, drift.severity, drift.principles),
    }


def _factor(key: str, kind: str, one: FactorSchema) -> m.Factor:
    return m.Factor(key, kind, one.question, one.options, one.floor, one.exposure_weight)


def _parameters(schema: ParametersSchema) -> m.Parameters:
    own = schema.model_dump(exclude={"dept"})
    return m.Parameters(**own, **{f"dept_{key}": value for key, value in schema.dept.model_dump().items()})
