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

__all__ = [
    "Export",
    "Gravity",
    "Recommendation",
    "RecommendationAction",
    "RecommendationState",
    "RecommendationStep",
    "RuleReading",
    "RuleThreshold",
    "Subject",
]
