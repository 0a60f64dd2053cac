"""Three-valued logic as Kleene wrote it down, and text that means harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.scoring.expressions import (
    MAX_DEPTH,
    MAX_LENGTH,
    Expression,
    ExpressionError,
    Truth,
    both,
    either,
    evaluate,
    names,
    parse,
    undecided,
)
from tests.risk.scoring.conftest import ENGINE

TRUTHS: tuple[Truth, ...] = (True, False, None)

AND = {
    (True, True): True,
    (True, False): False,
    (True, None): None,
    (False, True): False,
    (False, False): False,
    (False, None): False,
    (None, True): None,
    (None, False): False,
    (None, None): None,
}


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_truth_tables(left: Truth, right: Truth) -> None:
    values = {"a": left, "b": right}
    assert evaluate(parse("a & b"), values.get) is AND[left, right] is both(left, right)

    def negated(value: Truth) -> Truth:
        return None if value is None else not value

    by_de_morgan = negated(AND[negated(left), negated(right)])
    assert evaluate(parse("a | b"), values.get) is by_de_morgan is either(left, right)
    assert evaluate(parse("!a"), values.get) is negated(left)


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    assert parse("a | b & c") == parse("a | (b & c)")
    assert parse("!a & b") == parse("(!a) & b")
    assert str(parse("!(a|b)&c")) == "!(a | b) & c"


def test_always_is_true_without_asking() -> None:
    assert evaluate(parse("always"), lambda name: pytest.fail(name)) is True
    assert names(parse("always & x.y")) == {"x.y"}


def test_undecided_names_what_matters() -> None:
    values = {"a": None, "b": True, "c": None, "d": False}
    assert undecided(parse("a & b"), values.get) == {"a"}
    assert undecided(parse("a & d"), values.get) == set()
    assert undecided(parse("(a & d) | c"), values.get) == {"c"}
    assert undecided(parse("!a | (b & c)"), values.get) == {"a", "c"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a b",
        "a &",
        "| a",
        "(a",
        "a)",
        "()",
        "!",
        "a..b",
        "a.",
        ".a",
        "5a",
        "a && b",
        "a and (b",
        "__import__('os').system('true')",
        "a; b",
        "a\u0000b",
        "lambda: a",
        "[a]",
        "a=b",
        "é",
        "!" * (MAX_DEPTH + 5) + "a",
        "(" * 5000 + "a" + ")" * 5000,
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@given(st.text(alphabet="ab.!&|() \n", max_size=40))
@settings(ENGINE, max_examples=150)
def test_any_text_parses_or_is_refused_and_says_what_it_means(text: str) -> None:
    try:
        tree = parse(text)
    except ExpressionError:
        return
    assert parse(str(tree)) == tree


trees = st.recursive(
    st.sampled_from("abc").map(lambda name: Expression("atom", name)),
    lambda inner: st.one_of(
        inner.map(lambda part: Expression("not", parts=(part,))),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda pair: Expression(pair[0], parts=tuple(pair[1]))
        ),
    ),
    max_leaves=8,
)


@given(trees, st.tuples(*[st.sampled_from(TRUTHS)] * 3))
@settings(ENGINE, max_examples=120)
def test_known_results_hold_however_unknowns_turn_out(tree: Expression, given_values: tuple[Truth, ...]) -> None:
    values = dict(zip("abc", given_values, strict=True))
    known = evaluate(tree, values.get)
    unknown = [name for name, value in values.items() if value is None]
    for choice in range(2 ** len(unknown)):
        completed = {**values, **{name: bool(choice >> i & 1) for i, name in enumerate(unknown)}}
        assert known is None or evaluate(tree, completed.get) is known
    assert (known is None) == bool(undecided(tree, values.get))
