"""Every chart of the product, those of the storeys below included: data in, Plotly figure out, as plain dicts.

A chart function takes small dataclasses and gives a `Chart`: the figure, and beside it what people read who can't or
don't want to see it: a table, a sentence, and what to do where there is nothing yet. No database, no plotly.py (2,400
times slower than a dict); tests validate each figure with plotly.py. Colours are named, "var(--hub-…)", and resolved
by static/js/charts.js from static/css/tokens.css.
"""

from governance.charts.compliance import FrameworkCoverage, compliance_by_framework, gaps_by_framework
from governance.charts.departments import (
    DepartmentBands,
    DepartmentPoint,
    bands_by_department,
    department_course,
)
from governance.charts.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from inventory.charts.base import Chart, Row, tokens_from_css
from inventory.charts.usage import DailySeries, SensitiveApp, interactions_over_time, sensitive_by_app
from risk.charts import Contribution, ScorePoint, score_history, why_this_score

__all__ = [
    "Chart",
    "Contribution",
    "DailySeries",
    "DepartmentBands",
    "DepartmentPoint",
    "FrameworkCoverage",
    "Matrix",
    "MatrixCell",
    "MatrixColumn",
    "MatrixRow",
    "Row",
    "ScorePoint",
    "SensitiveApp",
    "bands_by_department",
    "compliance_by_framework",
    "department_course",
    "gaps_by_framework",
    "interactions_over_time",
    "score_history",
    "sensitive_by_app",
    "tokens_from_css",
    "why_this_score",
]
