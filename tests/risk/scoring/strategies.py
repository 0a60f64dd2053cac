"""Random applications and portfolios, as odd as the method allows."""

from hypothesis import strategies as st

from risk.method import load_method
from risk.scoring.score import ApplicationInput, ControlInput, Event, Signals

METHOD = load_method()

weights = st.dictionaries(
    st.sampled_from(METHOD.principles), st.floats(0, 1, allow_nan=False, allow_subnormal=False), min_size=1, max_size=6
)
statuses = st.sampled_from(list(METHOD.control_status))
ages = st.one_of(st.integers(0, 1500), st.floats(0, 1500, allow_nan=False, allow_subnormal=False))


def controls(statuses_of: st.SearchStrategy[str | None] = st.none() | statuses) -> st.SearchStrategy[ControlInput]:
    return st.builds(
        ControlInput,
        id=st.from_regex(r"[A-Z]{2}-[0-9]{2}", fullmatch=True),
        severity=st.integers(1, 5),
        status=statuses_of,
        age=ages,
        interval=st.sampled_from([1, 30, 90, 180, 365]),
        applicable=st.sampled_from([True, True, True, None, False]),
        principles=weights,
    )


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
    events=st.lists(events, max_size=6).map(tuple),
    rates=st.dictionaries(st.sampled_from(list(METHOD.rates)), st.floats(0, 2000), max_size=4),
    drift=st.none() | st.floats(0, 5),
)
answers = st.fixed_dictionaries(
    {factor.id: st.none() | st.sampled_from(list(factor.options)) for factor in METHOD.factors.values()}
)
applications = st.builds(
    ApplicationInput,
    answers=answers,
    controls=st.lists(controls(), max_size=10, unique_by=lambda one: one.id).map(tuple),
    signals=signals,
    prohibited=st.sampled_from([False] * 15 + [True]),
)
portfolios = st.lists(
    st.tuples(st.floats(0, 100, allow_subnormal=False), st.sampled_from([1, 2, 3, 5])), min_size=1, max_size=30
)
