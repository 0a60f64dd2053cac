from risk.models.applicability import NotApplicableRequest
from risk.models.assessment import Answer, OrganisationAnswer
from risk.models.control import ControlState
from risk.models.evidence import Evidence, EvidenceFile
from risk.models.incident import Incident, IncidentAlert, IncidentStep
from risk.models.method import MethodComparison, MethodInForce
from risk.models.record import Record, Signature
from risk.models.rollup import ApplicationCoverage, ChangedDepartment, CoverageDay, DepartmentDay, RollUpCount
from risk.models.run import RescorePart, RescoreRun
from risk.models.score import BandChange, CurrentScore, NotComputable, NotComputableSpell, ScoreSnapshot, ScoreValues
from risk.models.task import Task

__all__ = [
    "Answer",
    "ApplicationCoverage",
    "BandChange",
    "ChangedDepartment",
    "ControlState",
    "CoverageDay",
    "CurrentScore",
    "DepartmentDay",
    "Evidence",
    "EvidenceFile",
    "Incident",
    "IncidentAlert",
    "IncidentStep",
    "MethodComparison",
    "MethodInForce",
    "NotApplicableRequest",
    "NotComputable",
    "NotComputableSpell",
    "OrganisationAnswer",
    "Record",
    "RescorePart",
    "RescoreRun",
    "RollUpCount",
    "ScoreSnapshot",
    "ScoreValues",
    "Signature",
    "Task",
]
