"""Every chart is a figure that plotly.py accepts, with a table, a sentence, known colours, and safe names."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import plotly.graph_objects as go
import pytest
from django.utils.translation import ngettext_lazy

from governance import charts
from governance.charts import bands
from governance.charts import risk as risk_charts
from inventory.charts.bars import Bar, Line, Part, daily_lines, most_in, ranked_bars

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
DEPARTMENTS_RANKED = [
    risk_charts.Ranked("Retail", 32.0, 27.5, 12.5, 0.0, "/departments/retail/"),
    risk_charts.Ranked("Treasury", 10.0, 8.0, 4.0, 3.0),
]
PRINCIPLES = [risk_charts.PrincipleRisk("Fairness", 61.4, 40.0, "/applications/?principle=fairness")]
BANDS_BY_DAY = [
    bands.BandsDay(DAY, {"low": 4, "moderate": 3, "high": 2, "critical": 1}, "/departments/?as_of=2026-11-01"),
    bands.BandsDay(DAY + timedelta(days=2), {"low": 4, "moderate": 3, "high": 3, "critical": 1}),
]
RANKED = [Bar("ChatGPT", (12, 3), "/activity/?sighting=1", ("/activity/?a", "/activity/?b")), Bar("Helper", (4, 0))]
PARTS = (Part("Jailbreak attempts", "series-3", ""), Part("Injections"))
VISITS = ngettext_lazy("%(number)s visit", "%(number)s visits", "n")
MARKS = ngettext_lazy("%(number)s mark", "%(number)s marks", "n")
PLACES = ngettext_lazy("%(number)s app", "%(number)s apps", "n")


def ranked(bars):
    return ranked_bars(
        bars, PARTS, key="ranked", title="Attacked", unit="Marks", of="AI app",
        summary=most_in(bars, MARKS, PLACES, "None."), empty="None yet.",
    )  # fmt: skip


def by_day(lines):
    return daily_lines(
        lines,
        key="by-day",
        title="Visits",
        unit="Visits per day",
        counted=VISITS,
        nothing="No visit in this period.",
        empty="None yet.",
    )


FULL = {
    "ranked": ranked(RANKED),
    "by-day": by_day([Line("ChatGPT", [(DAY, 4), (DAY + timedelta(days=2), 1)], url="/activity/?sighting=1")]),
    "bands-over-time": bands.bands_over_time(BANDS_BY_DAY, DAY + timedelta(days=5)),
    "bands-by-department-over-time": bands.bands_by_department_over_time(
        [bands.BandsCourse("Retail <b>", BANDS_BY_DAY), bands.BandsCourse("Treasury", BANDS_BY_DAY[1:])], 8
    ),
    "ranking": risk_charts.department_ranking(DEPARTMENTS_RANKED),
    "profile": risk_charts.principle_profile(PRINCIPLES, "Retail", "The Bank"),
    "distribution": risk_charts.score_distribution({0: 2, 45: 5, 95: 1}, {45: "/applications/?points=45-50"}),
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
    "ranked": ranked([]),
    "by-day": by_day([Line("ChatGPT", [])]),
    "bands-over-time": bands.bands_over_time([], DAY),
    "bands-by-department-over-time": bands.bands_by_department_over_time([], 8),
    "ranking": risk_charts.department_ranking([]),
    "profile": risk_charts.principle_profile([risk_charts.PrincipleRisk("Fairness", None, None)], "Retail"),
    "distribution": risk_charts.score_distribution({}, {}),
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
    light = charts.tokens_from_css(css)
    assert used <= set(light)
    assert all(f"{token}:" in dark for token in used)
    coloured = re.sub(r"var\((--hub-[a-z0-9-]+)\)", lambda found: light[found[1]], json.dumps(FULL[name].figure))
    go.Figure(json.loads(coloured))


def test_names_from_outside_stay_text():
    figures = [
        charts.interactions_over_time([charts.DailySeries("copilot", HOSTILE, [(DAY, 1), (DAY, 2)])]),
        charts.sensitive_by_app([charts.SensitiveApp(HOSTILE, {HOSTILE: 3})], [HOSTILE]),
        charts.compliance_by_framework([charts.FrameworkCoverage(HOSTILE, 1, 1, 1, 1, 1)]),
        charts.gaps_by_framework([charts.FrameworkCoverage(HOSTILE, 1, 1, 1, 1, 1)]),
        charts.why_this_score([charts.Contribution(HOSTILE, 10, "inherent")], 10, subject=HOSTILE),
        charts.bands_by_department([charts.DepartmentBands(HOSTILE, 1, 1, 1, 1)]),
        ranked([Bar(HOSTILE, (1, 2))]),
        by_day([Line(HOSTILE, [(DAY, 1)])]),
        risk_charts.department_ranking([risk_charts.Ranked(HOSTILE, 1, 1, 1, 0)]),
        risk_charts.principle_profile([risk_charts.PrincipleRisk(HOSTILE, 1, 1)], HOSTILE, HOSTILE),
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
    for name in ("history", "interactions"):  # and days as the page around writes them, not as in America
        axis = FULL[name].figure["layout"]["xaxis"]
        assert [stop["value"] for stop in axis["tickformatstops"]] == ["%-d %b\n%Y", "%b\n%Y", "%Y"]
        assert axis["hoverformat"] == "%-d %b %Y"


def test_the_parts_of_a_bar_are_the_shares_of_a_framework():
    data = FULL["compliance"].figure["data"]
    assert [sum(trace["x"][n] for trace in data) for n in (0, 1)] == [pytest.approx(100), pytest.approx(100)]
    assert data[2]["customdata"][0] == "/compliance/eu_ai_act/?state=gap"
    assert data[2]["customdata"][1] == "/compliance/dora/?department=retail&state=gap"
    assert [row.label for row in FULL["compliance"].rows] == ["EU AI Act", "DORA"]  # nothing applies under GDPR here


def test_coverage_stands_beside_the_name_as_on_the_compliance_page():
    chart = FULL["compliance"]
    assert chart.figure["layout"]["yaxis"]["ticktext"] == ["EU AI Act, 48–54\u00a0%", "DORA, 25\u00a0%"]
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


def test_what_is_only_assumed_is_one_hatched_bar():
    steps = [charts.Contribution("Scale", 50, "inherent"), charts.Contribution("Proved", -5, "control")]
    steps += [charts.Contribution(f"Open {n}", -10, "assumed", f"/{n}") for n in range(2)]
    steps += [charts.Contribution("Unknown", 15, "unknown")]
    chart = charts.why_this_score(steps, 40)
    trace = chart.figure["data"][0]
    assert chart.figure["layout"]["yaxis"]["ticktext"][3] == "Open controls, if they worked (2)"
    assert trace["text"] == ["+50", "50", "−5", "−20", "+15", "40"]
    assert trace["marker"]["pattern"]["shape"] == ["", "", "", "/", "", ""]
    assert "open controls would take off 20 if they worked" in chart.summary
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
    assert "is-hatched" in FULL["sensitive"].legend[1].swatch  # its colour is the first one's to who sees no red
    assert [key.label for key in FULL["history"].legend] == ["Range", "Risk", "If nobody acts"]
    mean = next(key for key in FULL["course"].legend if key.label == "Mean")
    assert mean.swatch.endswith(" is-dashed")  # as its line is
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


def test_a_part_of_a_bar_opens_what_it_counts_and_the_row_the_whole():
    chart = FULL["ranked"]
    assert [trace["customdata"] for trace in chart.figure["data"]] == [["/activity/?a", ""], ["/activity/?b", ""]]
    assert [(row.values, row.url) for row in chart.rows] == [((12, 3, 15), "/activity/?sighting=1"), ((4, 0, 4), "")]
    assert chart.summary == "19 marks in the 2 apps shown; most in ChatGPT with 15."


def test_a_day_opens_its_events():
    trace = FULL["by-day"].figure["data"][0]
    assert trace["y"] == [4, 0, 1]
    assert trace["meta"] == "/activity/?sighting=1"  # to which the browser adds the day
    assert trace["x"] == ["2026-11-01", "2026-11-02", "2026-11-03"]


def test_bands_hold_until_today_and_the_gravest_is_at_the_bottom():
    data = FULL["bands-over-time"].figure["data"]
    assert [trace["name"] for trace in data] == ["Critical", "High", "Moderate", "Low"]
    assert data[0]["x"][-1] == "2026-11-06"
    assert data[1]["y"] == [2, 3, 3]
    assert FULL["bands-over-time"].summary.startswith("4 applications of 11 high or critical on 3 November 2026")
    assert all("swatch-area" in key.swatch for key in FULL["bands-over-time"].legend)


def test_departments_stand_one_below_the_other_on_the_same_days():
    chart = FULL["bands-by-department-over-time"]
    data, layout = chart.figure["data"], chart.figure["layout"]
    assert [trace["yaxis"] for trace in data] == ["y"] * 4 + ["y2"] * 4
    assert layout["yaxis"]["domain"][0] >= layout["yaxis2"]["domain"][1]
    assert layout["xaxis"]["anchor"] == "y2"
    assert [key.label for key in chart.legend] == ["Critical", "High", "Moderate", "Low"]  # each once
    assert data[1]["text"] == ["2 of 10", "3 of 11"]
    assert layout["annotations"][0]["text"] == "Retail &lt;b&gt;"
    assert [row.label for row in chart.rows][:2] == ["Retail <b>, 3 Nov 2026", "Retail <b>, 1 Nov 2026"]
    assert (
        chart.summary
        == "Of 2 departments, 1 ended with a larger share high or critical (Retail <b>), 0 with a smaller one."
    )


def test_the_parts_of_an_index_add_up_to_it():
    assert [row.values[-1] for row in FULL["ranking"].rows] == [72.0, 25.0]


def test_every_score_stands_in_one_bar_in_the_colour_of_its_band():
    chart = FULL["distribution"]
    assert sum(sum(trace["y"]) for trace in chart.figure["data"]) == sum(row.values[0] for row in chart.rows) == 8
    moderate = chart.figure["data"][1]
    assert (moderate["x"][0], moderate["x"][-1], moderate["y"][-1]) == (27.5, 47.5, 5)
    assert moderate["customdata"][-1] == "/applications/?points=45-50"
