"""The method as a page for people (docs/method.md), written from the released files so that both always agree."""

from collections.abc import Iterable, Mapping

from risk.scoring.expressions import Expression
from risk.scoring.method import Factor, Framework, Method, Weights
from risk.scoring.vocabulary import INHERENT_HIGH_FROM, MET_FROM, TIER_FROM

HEAD = """# How we measure: method {version}

Written by `manage.py describe_method` from `risk/method/{version}/` and `risk/frameworks/{version}/`; change those,
never this page. Released {released}. Digest of all files: `{digest}`.

**Risk is the scored quantity: 0 is best, 100 is worst.** Risk (sections 1 to 7) and compliance coverage (section 8) are
kept apart: an application can be compliant and risky, or the reverse.

## 1. What goes in

Impact and likelihood factors from the questionnaire, the class from the decision table, status and age of each control,
and signals from operation. Every input may be unknown; then it widens the range and never disappears.
"""

INHERENT = """
## 2. Inherent risk

    I = √ Σ weight · value²                 over the impact factors
    L = Σ weight · value                    over the likelihood factors
    inherent = max(floor of the class, 100 · I · ({base:g} + {rest:g} · L))

A prohibited application shows 100 everywhere, whatever its controls.
"""

CONTROLS = """
## 3. Controls

    φ(age) = 1 up to the review interval T, then 2 − age / T, never below 0
    e  = base of the status · φ(age)
    CE = Σ severity · weight · e / Σ severity · weight          over the asked controls, 0 without any
    K  = Σ weight · e / Σ weight                                over key controls, 1 without any
    R0 = inherent · (1 − {most:g} · CE · ({open:g} + {key:g} · K))

A control of severity {severity} and at least weight {weight:g} for a principle is a key control of it.

A control is asked when its condition holds and its tier is not above the application's ({tiers};
EU high-risk is always tier 3), and where a binding requirement would otherwise have none. Above the tier it counts once
it is answered. When the tier rises, the point value may not fall until the new controls are answered.

{statuses}
"""

SIGNALS = """
## 4. Signals from operation

    load = Σ severity · weight · 2^(−age / {half:g} days) · (1 open, {resolved:g} resolved)      events
         + Σ severity · weight · min(5, value / tolerance)                            rates and drift
    R = R0 + (100 − R0) · {cap:g} · (1 − e^(−load / {scale:g}))

{tables}

## 5. What is not known

Every unknown is computed twice: for `low` as the best it could be, for `high` as the worst (a factor: smallest and
largest option; a control: fully effective and not at all; no telemetry: {unseen:g} more load on `high`).

    point = low + {caution:g} · (high − low)

## 6. Overall and bands

    overall = max(worst − {gap:g}, {worst:g} · worst + {mean:g} · mean)     over the principles, for low and for high

{bands}

## 7. Departments

Over live applications with risk R and exposure weight x (by people affected; unknown weighs as much as the largest):

    W = largest R      T = mean of the worst {tail_share:g} of exposure      M = Σ x · R / Σ x
    index = max(W − {dept_gap:g}, {dept_worst:g} · W + {dept_tail:g} · T + {dept_mean:g} · M)

## 8. Compliance coverage

    fulfilment = mean of e over the asked controls that satisfy the requirement

States, decided in this order: upcoming (its date lies ahead), not assessed (no asked control), unknown (applicability
unknown, or nothing answered), met (every e at least {met:g}), gap (every e is 0), partial. Coverage of a framework is
the mean fulfilment of the applicable requirements that are not for the organisation alone; what is unknown counts as 0
and as 1. Binding and voluntary frameworks are never mixed into one figure.
"""

CONTRIBUTIONS = """
## 13. Contributions

Each score comes with bars that add up to it. For a principle, on the way to `low`: impact by factor (in proportion to
weight · value²), likelihood by factor (weight · value), what the floor of the class adds, what each control takes off
(severity · weight · e), what each signal adds (its load). Then what is not known, from `low` to the point value, by
unanswered item, in proportion to what the best answer to it alone would take off `high`. For the overall score the
same bars, each principle with the weight that the overall formula gives it. Shown values are rounded by largest
remainder, so that they add up exactly to the shown score.
"""


def describe(method: Method) -> str:
    """The whole page, as Markdown."""
    params = method.parameters
    parts = [
        HEAD.format(version=method.version, released=method.released.isoformat(), digest=method.digest),
        *(_factor(factor) for factor in method.factors.values()),
        INHERENT.format(base=params.likelihood_base, rest=1 - params.likelihood_base),
        "\nWeights of the factors, each row adding up to 1 for impact and to 1 for likelihood:\n",
        _weights_table(method),
        _controls(method),
        _signals(method),
        _control_table(method),
        _classification(method),
        _facts(method),
        _frameworks(method),
        CONTRIBUTIONS,
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _factor(factor: Factor) -> str:
    rows = [
        [_words(option), f"{value:g}"] + [f"{extra[option]:g}" for extra in (factor.floor, factor.exposure) if extra]
        for option, value in factor.options.items()
    ]
    head = [_words(factor.id), "value"] + ["floor"] * bool(factor.floor) + ["exposure weight"] * bool(factor.exposure)
    return f"\n**{_words(factor.id)}** ({factor.kind}): {factor.question}\n\n{_table(head, rows)}"


def _weights_table(method: Method) -> str:
    head = ["principle", *(_words(f) for f in method.factors)]
    rows = [[_words(p), *(f"{method.weights[p][f]:g}" for f in method.factors)] for p in method.principles]
    return f"\n{_table(head, rows)}"


def _controls(method: Method) -> str:
    params = method.parameters
    tiers = ", ".join(f"tier {tier} from inherent {start:g}" for tier, start in reversed(TIER_FROM) if start)
    return CONTROLS.format(
        most=params.max_mitigation,
        open=1 - params.key_share,
        key=params.key_share,
        severity=params.key_severity,
        weight=params.key_min_weight,
        tiers=tiers,
        statuses=_table(["status", "base"], [[_words(k), f"{v:g}"] for k, v in method.control_status.items()]),
    )


def _signals(method: Method) -> str:
    params = method.parameters
    measures = [*method.rates.values(), method.drift]
    tables = [
        _table(["severity of an event", "weight"], [[_words(k), f"{v:g}"] for k, v in method.signal_severity.items()]),
        _table(
            ["rate per 1,000, or drift", "tolerance", "severity", "principles"],
            [[_words(m.id), f"{m.tolerance:g}", f"{m.severity:g}", _weights(m.principles)] for m in measures],
        ),
        _table(
            ["tactic of an alert", "principles (the maximum over its tactics)"],
            [[_words(k), _weights(v)] for k, v in method.alert_weights.items()],
        ),
    ]
    return SIGNALS.format(
        half=params.signal_half_life_days,
        resolved=params.signal_resolved_factor,
        cap=params.signal_cap,
        scale=params.signal_scale,
        tables="\n\n".join(tables),
        unseen=params.no_telemetry_load,
        caution=params.caution,
        gap=params.worst_gap,
        worst=params.worst_weight,
        mean=1 - params.worst_weight,
        bands=_table(["band", "from"], [[name, f"{start:g}"] for name, start in method.bands]),
        tail_share=params.dept_tail_share,
        dept_gap=params.dept_worst_gap,
        dept_worst=params.dept_worst,
        dept_tail=params.dept_tail,
        dept_mean=params.dept_mean,
        met=MET_FROM,
    )


def _control_table(method: Method) -> str:
    rows = [
        [
            c.id,
            c.title,
            str(c.severity),
            str(c.tier),
            str(c.review_days),
            _condition(c.applies_when),
            _weights(c.principles),
            str(len(c.satisfies)),
        ]
        for c in method.controls.values()
    ]
    head = ["control", "title", "severity", "tier", "review days", "asked when", "principles", "requirements"]
    return f"\n## 9. Controls, {len(rows)} of them\n\n{_table(head, rows)}"


def _classification(method: Method) -> str:
    rows = [
        [
            rule.id,
            _condition(rule.when),
            _words(rule.class_) if rule.class_ else "",
            ", ".join(rule.articles),
            rule.effective_from.isoformat() if rule.effective_from else "",
            rule.reason + (" Ends the run." if rule.stop else ""),
        ]
        for rule in method.rules
    ]
    questions = [[q.id, q.text, q.article, _condition(q.ask_if) if q.ask_if else ""] for q in method.questions.values()]
    order = ", ".join(method.classes[c].title for c in method.headline_order)
    return (
        "\n## 10. Classification under the EU AI Act\n\n"
        "Rules run in order; answers are true, false or unknown. The first class in this order leads: "
        f"{order}. It is decided only when one class is possible.\n\n"
        f"{_table(['rule', 'when', 'class', 'articles', 'from', 'reason'], rows)}\n\n"
        f"{_table(['question', 'text', 'article', 'asked if'], questions)}"
    )


def _facts(method: Method) -> str:
    rows = [
        [fact.id, fact.source, fact.text, ", ".join(fact.implies), ", ".join(fact.excludes)]
        for fact in method.facts.values()
    ]
    note = f"`risk.inherent_high` starts at a worst inherent point value of {INHERENT_HIGH_FROM:g}."
    return f"\n## 11. Facts\n\n{note}\n\n{_table(['fact', 'source', 'text', 'implies', 'excludes'], rows)}"


def _frameworks(method: Method) -> str:
    rows = [_framework(f) for f in method.frameworks.values()]
    uncovered = [[f"`{key}`", method.requirements[key].title, reason] for key, reason in method.uncovered.items()]
    head = ["framework", "version", "publisher", "force", "status", "requirements", "as of"]
    return (
        f"\n## 12. Frameworks\n\n{_table(head, rows)}\n\n"
        "No control of an application can satisfy these; they belong to the organisation:\n\n"
        f"{_table(['requirement', 'title', 'why'], uncovered)}"
    )


def _framework(framework: Framework) -> list[str]:
    return [
        f"[{framework.name}]({framework.source_url})",
        framework.version,
        framework.publisher,
        "binding" if framework.binding else "voluntary",
        _words(framework.status),
        str(len(framework.requirements)),
        framework.as_of.isoformat(),
    ]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _weights(weights: Weights | Mapping[str, float]) -> str:
    return ", ".join(f"{_words(key)} {value:g}" for key, value in weights.items())


def _condition(tree: Expression) -> str:
    return f"`{tree}`"


def _words(name: str) -> str:
    return name.replace("_", " ")
