"""What goes round in circles, or is used before it can be known: conditions, rules and implications in their order."""

from collections.abc import Iterator, Mapping, Sequence

from risk.frameworks.reading import Findings
from risk.scoring.expressions import names
from risk.scoring.method import Method, Question, Rule

FACTS = "method/facts.yaml"
TABLE = "method/classification.yaml"


def check_order(method: Method, findings: Findings) -> None:
    """Adds every cycle, and every use that comes before what it uses, to `findings`."""
    _implications(method, findings)
    _conditions(method, findings)
    _rules(method.rules, findings)


def _implications(method: Method, findings: Findings) -> None:
    """Facts that imply each other in a circle are one fact under several names."""
    edges = {key: [one for one in fact.implies if one in method.facts] for key, fact in method.facts.items()}
    for cycle in _cycles(edges):
        mend = "let only the narrower fact imply the wider one, or make them one fact"
        findings.add(FACTS, f"facts.{cycle[0]}.implies", f"goes in a circle: {' → '.join(cycle)}", mend)


def _conditions(method: Method, findings: Findings) -> None:
    """A question can hang only on questions before it: they are asked, and evaluated, in the order of the table."""
    place = {key: at for at, key in enumerate(method.questions)}
    needs = {key: [one for one in _asked(question) if one in place] for key, question in method.questions.items()}
    circular = set()
    for cycle in _cycles(needs):
        circular |= set(cycle)
        path = f"questions[{cycle[0]}].ask_if"
        findings.add(
            TABLE, path, f"goes in a circle: {' → '.join(cycle)}", "let one of them be asked without the other"
        )
    for key, others in needs.items():
        for other in others:
            if place[other] > place[key] and not {key, other} <= circular:
                message = f"hangs on {other}, which is asked later"
                findings.add(TABLE, f"questions[{key}].ask_if", message, f"move {key} below {other}")


def _asked(question: Question) -> list[str]:
    """The questions on which a question's condition hangs."""
    atoms = sorted(names(question.ask_if)) if question.ask_if is not None else []
    return list(dict.fromkeys(atom.split(".")[1] for atom in atoms if atom.startswith("q.") and atom.count(".") >= 1))


def _rules(rules: Sequence[Rule], findings: Findings) -> None:
    """Rules run in order: one that reads what it or a later one derives could never be true for that reason."""
    first: dict[str, int] = {}
    for at, rule in enumerate(rules):
        for fact in rule.facts:
            first.setdefault(fact, at)
    for at, rule in enumerate(rules):
        for fact in sorted(names(rule.when)):
            if first.get(fact, -1) == at:
                message = f"goes in a circle: it reads {fact}, which only it derives"
                findings.add(TABLE, f"rules[{rule.id}].when", message, "leave the fact out of its own condition")
            elif first.get(fact, -1) > at:
                message = f"reads {fact}, which only {rules[first[fact]].id} derives, below it"
                findings.add(TABLE, f"rules[{rule.id}].when", message, "move the rule below that one")


def _cycles(edges: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Each circle once, from its first member round to it again."""
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        waiting = [(start, iter(edges[start]))] if start not in done else []
        if waiting:
            path.append(start)
        while waiting:
            node, followers = waiting[-1]
            follower = next(followers, None)
            if follower is None:
                waiting.pop()
                path.pop()
                done.add(node)
            elif follower in path:
                yield (*path[path.index(follower) :], follower)
            elif follower not in done:
                path.append(follower)
                waiting.append((follower, iter(edges[follower])))
