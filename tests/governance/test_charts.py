"""Every chart is a figure that plotly.py accepts, with a table, a sentence, known colours, and safe names."""

import re
from datetime import date, timedelta
from pathlib import Path

import plotly.graph_objects as go
import pytest

from governance import charts

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
HOSTILE = '<img src=x onerror=alert(1)> & "co" {x} %{y} =1+1'
DAY = date(2026, 11, 1)

SERIES = [
    charts.DailySeries("copilot", "Copilot experiences & agents", [(DAY, 1200), (DAY + timedelta(days=3), 900)]),
    charts.DailySeries("unregistered", "Unregistered AI apps", [(DAY + timedelta(days=1), 40)]),
]
APPS = [charts.SensitiveApp("Loan Desk Helper", {"Confidential": 206, "None of ours": 1}, "/applications/1/")]
FRAMEWORKS = [
    charts.FrameworkCoverage("EU AI Act", 46, 14, 27, 13, 0, 0.48, 0.541, "/compliance/eu_ai_act/"),
    charts.FrameworkCoverage("DORA", 10, 0, 30, 0, 5, 0.25, 0.25, "/compliance/dora/?department=retail"),
    charts.FrameworkCoverage("GDPR", 0, 0, 0, 0, 0),
]
HISTORY = [charts.ScorePoint(DAY + timedelta(days=7 * n), 40.2, 60.4 - n, 80.0) for n in range(4)]
STEPS = [
    charts.Contribution("Impact: livelihood", 62, "inherent"),
    charts.Contribution("Likelihood: acts alone", 18, "inherent"),
    charts.Contribution("People can override it", -25, "control", "/applications/1/controls/#HO-03"),
    charts.Contribution("Jailbreak alerts", 5, "signal"),
    charts.Contribution("Not answered: scale", 7, "unknown"),
]
BANDS = [charts.DepartmentBands("Retail Banking", 4, 3, 2, 1, "/applications/?department=retail")]

FULL = {
    "interactions": charts.interactions_over_time(SERIES),
    "sensitive": charts.sensitive_by_app(APPS, ["Confidential", "Unlabelled personal data"]),
    "compliance": charts.compliance_by_framework(FRAMEWORKS),
    "gaps": charts.gaps_by_framework(FRAMEWORKS),
    "history": charts.score_history(HISTORY, ahead=[charts.ScorePoint(DAY + timedelta(days=90), 45.0, 65.0, 80.0)] * 2),
    "why": charts.why_this_score(STEPS, 67),
    "bands": charts.bands_by_department(BANDS),
    "course": charts.department_course(
        [charts.DepartmentPoint(date(2026, 11, day), 60.0 + day, 80.0, 40.0) for day in (1, 4)]
    ),
}
EMPTY = {
    "interactions": charts.interactions_over_time([]),
    "sensitive": charts.sensitive_by_app([], ["Confidential"]),
    "compliance": charts.compliance_by_framework([]),
    "gaps": charts.gaps_by_framework(FRAMEWORKS[2:]),
    "history": charts.score_history([]),
    "why": charts.why_this_score([], 0),
    "bands": charts.bands_by_department([]),
    "course": charts.department_course([]),
}


@pytest.mark.parametrize("name", FULL)
def test_plotly_accepts_the_figure(name):
    go.Figure(FULL[name].figure)
    go.Figure(EMPTY[name].figure)


@pytest.mark.parametrize("name", FULL)
def test_a_chart_has_what_people_read_beside_it(name):
    chart = FULL[name]
    assert chart.key == name
    assert chart.title
    assert chart.unit
    assert chart.summary.endswith(".")
    assert chart.rows
    assert all(len(row.values) == len(chart.columns) - 1 == len(row.shown) for row in chart.rows)
    assert not EMPTY[name].rows
    assert EMPTY[name].empty.endswith(".")


@pytest.mark.parametrize("name", FULL)
def test_every_colour_is_a_token_of_both_themes(name):
    css = TOKENS.read_text(encoding="utf-8")
    dark = css[css.index('[data-bs-theme="dark"]') :]
    used = set(re.findall(r"var\((--hub-[a-z0-9-]+)\)", str(FULL[name].figure)))
    assert used
    assert used <= set(charts.tokens_from_css(css))
    assert all(f"{token}:" in dark for token in used)
    resolved = charts.resolve_tokens(FULL[name].figure, charts.tokens_from_css(css))
    assert "var(" not in str(resolved)
    go.Figure(resolved)


def test_names_from_outside_stay_text():
    figures = [
        charts.interactions_over_time([charts.DailySeries("copilot", HOSTILE, [(DAY, 1), (DAY, 2)])]),
        charts.sensitive_by_app([charts.SensitiveApp(HOSTILE, {HOSTILE: 3})], [HOSTILE]),
        charts.compliance_by_framework([charts.FrameworkCoverage(HOSTILE, 1, 1, 1, 1, 1)]),
        charts.gaps_by_framework([charts.FrameworkCoverage(HOSTILE, 1, 1, 1, 1, 1)]),
        charts.why_this_score([charts.Contribution(HOSTILE, 10, "inherent")], 10, subject=HOSTILE),
        charts.bands_by_department([charts.DepartmentBands(HOSTILE, 1, 1, 1, 1)]),
    ]
    for chart in figures:
        assert "<img" not in str(chart.figure)
        assert "%{x}" not in str([t.get("hovertemplate") for t in chart.figure["data"]]).replace("%{y:,}", "")


def test_days_without_use_are_zeroes():
    figure = FULL["interactions"].figure
    assert figure["data"][0]["x"] == [f"2026-11-0{n}" for n in (1, 2, 3, 4)]
    assert figure["data"][0]["y"] == [1200, 0, 0, 900]
    assert figure["data"][1]["y"] == [0, 40, 0, 0]
    assert "2,140 interactions" in FULL["interactions"].summary
    assert "1 November with 1,200" in FULL["interactions"].summary


def test_few_days_are_named_as_days():
    """Left alone, Plotly names the hours between two days, and 00:00:00 for one."""
    for days in (1, 2, 7):
        known = [(DAY + timedelta(days=n), 5) for n in range(days)]
        axis = charts.interactions_over_time([charts.DailySeries("copilot", "Copilot", known)]).figure["layout"][
            "xaxis"
        ]
        assert axis["tickvals"] == [day.isoformat() for day, _ in known]
        assert axis["ticktext"][0].startswith("1 Nov")
    assert charts.score_history(HISTORY[:1]).figure["layout"]["xaxis"]["ticktext"] == ["1 Nov 2026"]
    assert "tickvals" not in FULL["history"].figure["layout"]["xaxis"]


def test_the_parts_of_a_bar_are_the_shares_of_a_framework():
    data = FULL["compliance"].figure["data"]
    assert [sum(trace["x"][n] for trace in data) for n in (0, 1)] == [pytest.approx(100), pytest.approx(100)]
    assert data[2]["customdata"][0] == "/compliance/eu_ai_act/?state=gap"
    assert data[2]["customdata"][1] == "/compliance/dora/?department=retail&state=gap"
    assert [row.label for row in FULL["compliance"].rows] == ["EU AI Act", "DORA"]  # nothing applies under GDPR here


def test_coverage_stands_beside_the_name_as_on_the_compliance_page():
    chart = FULL["compliance"]
    assert chart.figure["layout"]["yaxis"]["ticktext"] == ["EU AI Act, 48–54 %", "DORA, 25 %"]
    assert [row.values[0] for row in chart.rows] == ["48–54 %", "25 %"]
    assert chart.summary == "Coverage is highest in EU AI Act, 48–54 %, and lowest in DORA, 25 %."


def test_gaps_come_worst_first():
    chart = FULL["gaps"]
    assert [row.label for row in chart.rows] == ["DORA", "EU AI Act"]
    assert chart.summary == "57 gaps in 2 frameworks; most in DORA, 30."


def test_the_waterfall_ends_at_the_shown_risk():
    trace = FULL["why"].figure["data"][0]
    ends = [base + size for base, size in zip(trace["base"], trace["x"], strict=True)]
    assert ends == [62, 80, 80, 80, 60, 67, 67]
    assert trace["base"] == [0, 62, 0, 55, 55, 60, 0]  # what takes off is drawn from its lower end, its label right
    assert trace["text"] == ["+62", "+18", "80", "−25", "+5", "+7", "67"]
    assert trace["customdata"][3] == "/applications/1/controls/#HO-03"


def test_many_steps_are_gathered_and_still_add_up():
    steps = [charts.Contribution(f"Factor {n}", 5, "inherent") for n in range(10)]
    steps += [charts.Contribution(f"Control {n}", -1, "control") for n in range(20)]
    chart = charts.why_this_score(steps, 30)
    trace = chart.figure["data"][0]
    assert len(trace["x"]) <= 14
    assert trace["base"][-2] == 30
    assert len(chart.rows) == len(steps) + 1


def test_two_departments_of_one_name_stay_two_bars():
    rows = [charts.DepartmentBands("Operations", 1, 0, 0, 0), charts.DepartmentBands("Operations", 2, 0, 0, 0)]
    figure = charts.bands_by_department(rows).figure
    assert figure["data"][3]["y"] == [0, 1]
    assert figure["layout"]["yaxis"]["ticktext"] == ["Operations", "Operations"]


def test_the_legend_names_each_series_once():
    assert [key.label for key in FULL["interactions"].legend] == [
        "Copilot experiences & agents",
        "Unregistered AI apps",
    ]
    assert FULL["interactions"].legend[1].swatch == "swatch-line fill-series-3 is-dotted"
    assert [key.label for key in FULL["history"].legend] == ["Range", "Risk", "If nobody acts"]
    assert FULL["why"].legend == []
    css = (TOKENS.parent / "components.css").read_text(encoding="utf-8")
    for chart in FULL.values():
        for key in chart.legend:
            assert all(f".{name}" in css for name in key.swatch.split())


def test_a_department_that_holds_the_others_makes_the_sum_alone():
    whole = charts.DepartmentBands("Retail", 2, 1, 2, 1)
    chart = charts.bands_by_department([charts.DepartmentBands("Lending", 1, 0, 1, 1)], whole)
    assert chart.summary == "3 applications of 6 high or critical."
    assert chart.rows[0].label == "Retail, all of it"
