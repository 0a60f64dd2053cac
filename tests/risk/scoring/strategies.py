"""Random applications and portfolios, as odd as the method allows."""

from hypothesis import strategies as st

from risk.method import load_method, newest
from risk.scoring.score import ApplicationInput, ControlInput, Event, Signals

METHOD = load_method(newest())

# Weights in steps and ages in whole and half days: fine enough to find a bound that breaks, and quick to draw.
steps = st.integers(0, 20).map(lambda n: n / 20)
weights = st.dictionaries(st.sampled_from(METHOD.principles), steps, min_size=1, max_size=3)
statuses = st.sampled_from(list(METHOD.control_status))
ages = st.integers(0, 2000).map(lambda n: n / 2)
numbers = st.integers(0, 10**6)


def control_with(status: st.SearchStrategy[str | None]) -> st.SearchStrategy[ControlInput]:
    """A control whose status is drawn from `status`."""
    return st.builds(
        ControlInput,
        id=numbers.map("C-{}".format),
        severity=st.integers(1, 5),
        status=status,
        age=ages,
        interval=st.sampled_from([1, 30, 90, 180, 365]),
        applicable=st.sampled_from([True, True, True, None, False]),
        principles=weights,
    )


answered_controls = control_with(statuses)
events = st.builds(
    Event,
    severity=st.sampled_from(list(METHOD.signal_severity)),
    principles=weights,
    age=ages,
    open=st.booleans(),
)
signals = st.builds(
    Signals,
    telemetry=st.booleans(),
    events=st.lists(events, max_size=4).map(tuple),
    rates=st.dictionaries(st.sampled_from(list(METHOD.rates)), numbers.map(lambda n: n / 1000), max_size=2),
    drift=st.none() | steps,
)
answers = st.fixed_dictionaries(
    {factor.id: st.none() | st.sampled_from(list(factor.options)) for factor in METHOD.factors.values()}
)
applications = st.builds(
    ApplicationInput,
    answers=answers,
    controls=st.lists(control_with(st.none() | statuses), max_size=6, unique_by=lambda one: one.id).map(tuple),
    signals=signals,
    prohibited=st.sampled_from([False] * 15 + [True]),
)
portfolios = st.lists(
    st.tuples(st.floats(0, 100, allow_subnormal=False), st.sampled_from([1, 2, 3, 5])), min_size=1, max_size=20
)
