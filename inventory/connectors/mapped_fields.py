"""What the rows of a table with a header of its own may tell, and under which names it often stands there.

Alerts and cloud apps are among it because nobody documents the header of the CSV that the portals of Defender make.
"""

from typing import NamedTuple


class Field(NamedTuple):
    """Something a row may tell."""

    key: str
    title: str
    required: bool = False
    constant: bool = False  # may be the same for all rows instead of standing in a column


FIELDS: dict[str, tuple[Field, ...]] = {
    "interactions": (
        Field("time", "Time", required=True),
        Field("application", "AI application", required=True, constant=True),
        Field("user", "User (principal name or object id)"),
        Field("record_id", "Id of the record"),
        Field("agent_id", "Agent id"),
        Field("host", "Host or address"),
        Field("label", "Sensitivity label id"),
        Field("information_type", "Sensitive information type"),
        Field("jailbreak", "Jailbreak (yes or no)"),
        Field("injection", "Prompt injection (yes or no)"),
    ),
    "users": (
        Field("upn", "User principal name", required=True),
        Field("object_id", "Object id"),
        Field("name", "Display name"),
        Field("department", "Department", constant=True),
        Field("enabled", "Account enabled (yes or no)"),
    ),
    "metrics": (
        Field("time", "Time", required=True),
        Field("system", "AI system", required=True, constant=True),
        Field("metric", "Metric", required=True, constant=True),
        Field("value", "Value", required=True),
        Field("group", "Group", constant=True),
        Field("unit", "Unit of rates (per_1000, percent, share)", constant=True),
    ),
    "security_alerts": (
        Field("start", "Start time", required=True),
        Field("title", "Title", required=True),
        Field("alert_id", "Id of the alert"),
        Field("alert_type", "Alert type (alerts are kept if it is about AI)", constant=True),
        Field("severity", "Severity", constant=True),
        Field("status", "State"),
        Field("resource", "Azure resource id"),
        Field("tactics", "Tactics"),
        Field("techniques", "Techniques"),
        Field("account", "Account (principal name or object id)"),
        Field("description", "Description"),
    ),
    "cloud_apps": (
        Field("app", "App", required=True),
        Field("category", "Category (apps are kept if it is Generative AI)", required=True, constant=True),
        Field("app_id", "Id of the app"),
        Field("domains", "Domains"),
        Field("safety", "Score, 0 unsafe to 10 safe"),
        Field("tags", "Tags"),
        Field("transactions", "Transactions"),
        Field("uploaded", "Bytes uploaded"),
        Field("downloaded", "Bytes downloaded"),
        Field("users", "Number of users"),
        Field("last_seen", "Last seen"),
    ),
}


# Names under which a field often stands (folded), so that a form has a first guess
_OFTEN = {
    "time": ("time", "timestamp", "date", "datetime", "when", "at", "created", "createdat", "eventtime"),
    "application": ("application", "app", "appname", "tool", "service", "product"),
    "user": ("user", "userid", "username", "who", "upn", "email", "userprincipalname", "account", "actor"),
    "record_id": ("id", "recordid", "eventid", "request", "requestid", "traceid"),
    "agent_id": ("agentid", "agent"),
    "host": ("host", "hostname", "domain", "url", "address"),
    "label": ("label", "labelid", "sensitivitylabel", "sensitivitylabelid"),
    "upn": ("userprincipalname", "upn", "email", "mail", "user", "username"),
    "object_id": ("objectid", "id", "userid"),
    "name": ("displayname", "name", "fullname"),
    "department": ("department", "unit", "orgunit", "team"),
    "system": ("system", "application", "app", "model", "service"),
    "metric": ("metric", "metricname", "measure", "kpi"),
    "value": ("value", "metricvalue", "score", "result"),
    "group": ("group", "segment", "subgroup", "cohort"),
    "unit": ("unit",),
    "start": ("starttime", "starttimeutc", "activitystarttime", "activitytime", "timegenerated", "time", "date"),
    "title": ("alertname", "alerttitle", "alertdisplayname", "title", "displayname", "alert", "name"),
    "alert_id": ("alertid", "systemalertid", "id"),
    "alert_type": ("alerttype", "type"),
    "severity": ("severity", "alertseverity"),
    "status": ("status", "state", "alertstatus"),
    "resource": ("resourceid", "azureresourceid", "affectedresourceid", "affectedresource", "resource"),
    "tactics": ("tactics", "mitretactics", "mitreattacktactics", "tactic", "intent"),
    "techniques": ("techniques", "technique"),
    "app": ("name", "app", "appname", "displayname", "application"),
    "app_id": ("appid", "id"),
    "domains": ("domains", "domain", "urls", "url"),
    "safety": ("score", "riskscore", "totalscore", "safety"),
    "transactions": ("transactions", "transactioncount"),
    "uploaded": ("uploaded", "upload", "uploadedbytes", "uploadnetworktrafficinbytes", "uploadtraffic"),
    "downloaded": ("downloaded", "download", "downloadedbytes", "downloadnetworktrafficinbytes", "downloadtraffic"),
    "users": ("users", "usercount"),
    "last_seen": ("lastseen", "lastseendatetime", "lastseendate", "date"),
}


def guess(kind: str, columns: list[str]) -> dict[str, int]:
    """The column that each field probably stands in."""
    names = ["".join(filter(str.isalnum, one.casefold())) for one in columns]
    found: dict[str, int] = {}
    for one in FIELDS[kind]:
        at = next((names.index(name) for name in _OFTEN.get(one.key, (one.key,)) if name in names), None)
        if at is not None and at not in found.values():
            found[one.key] = at
    return found
