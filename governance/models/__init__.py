from governance.models.digest import Digest, DigestChoice, DigestState, Frequency
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
    "Digest",
    "DigestChoice",
    "DigestState",
    "Export",
    "Frequency",
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
