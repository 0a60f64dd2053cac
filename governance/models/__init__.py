from governance.models.digest import Digest, DigestChoice, DigestState, Frequency
from governance.models.export import Export
from governance.models.recommendation import (
    Gravity,
    Recommendation,
    RecommendationAction,
    RecommendationDay,
    RecommendationState,
    RecommendationStep,
    RuleReading,
    RuleThreshold,
    Subject,
    SubjectSpell,
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
    "RecommendationDay",
    "RecommendationState",
    "RecommendationStep",
    "RuleReading",
    "RuleThreshold",
    "SavedView",
    "StartPage",
    "Subject",
    "SubjectSpell",
]
