"""Recommendations: evaluated by workers, worked on by people."""

from governance.services.recommendations.acts import assign, dismiss, reopen, start
from governance.services.recommendations.evaluation import Outcome, evaluate, evaluate_unless_just_done
from governance.services.recommendations.thresholds import change_thresholds, out_of_bounds

__all__ = [
    "Outcome",
    "assign",
    "change_thresholds",
    "dismiss",
    "evaluate",
    "evaluate_unless_just_done",
    "out_of_bounds",
    "reopen",
    "start",
]
