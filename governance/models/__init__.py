from governance.models.export import Export
from governance.models.recommendation import (
    Gravity,
    Recommendation,
    RecommendationAction,
    RecommendationState,
    RecommendationStep,
    RuleReading,
    RuleThreshold,
    Subject,
)
from governance.models.view import SavedView, StartPage

__all__ = [
    "Export",
    "Gravity",
    "Recommendation",
    "RecommendationAction",
    "RecommendationState",
    "RecommendationStep",
    "RuleReading",
    "RuleThreshold",
    "SavedView",
    "StartPage",
    "Subject",
]
