"""The datasets that leave the house, by name. Page, command and API hand out the same rows (docs/api.md)."""

from governance.selectors import (
    compliance_rows,
    department_rows,
    evidence_rows,
    narrowing,
    recommendation_rows,
    recommendations_then,
    register_rows,
    usage_rows,
)
from governance.selectors.extent import Dataset

DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "applications",
            "AI applications",
            register_rows.APPLICATION_COLUMNS,
            register_rows.application_rows,
            narrowing.REGISTER,
            dated=True,
        ),
        Dataset(
            "scores",
            "Scores by principle",
            register_rows.SCORE_COLUMNS,
            register_rows.score_rows,
            narrowing.SCORES,
            dated=True,
        ),
        Dataset(
            "department_scores",
            "Department scores",
            department_rows.COLUMNS,
            department_rows.rows,
            narrowing.LIVE,
            dated=True,
        ),
        Dataset(
            "compliance",
            "Compliance",
            compliance_rows.COLUMNS,
            compliance_rows.rows,
            narrowing.REQUIREMENTS,
            dated=True,
        ),
        Dataset("evidence", "Evidence", evidence_rows.COLUMNS, evidence_rows.rows, narrowing.EVIDENCE, dated=True),
        Dataset(
            "recommendations",
            "Recommendations",
            recommendation_rows.COLUMNS,
            recommendation_rows.rows,
            narrowing.RECOMMENDATIONS,
            dated=True,
            first=recommendations_then.first_day_in,
            unanswerable=recommendation_rows.unanswerable,
        ),
        Dataset("usage", "Usage by day", usage_rows.COLUMNS, usage_rows.rows, narrowing.DAYS),
    )
}
