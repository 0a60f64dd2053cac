"""Inventories of agents: Defender XDR (AgentsInfo and the AIAgentsInfo before it), Power Platform, Copilot Studio Kit,
CoE Starter Kit, Entra agent identities and the agent registry. All become one ListedAgent.

Cells hold lists as JSON texts, yes and no as words or numbers: every form is accepted everywhere.
What tells an agent how to behave (instructions, topics, raw definitions) is content and stays out, quarantine included.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from inventory.connectors import records
from inventory.connectors.base import MAX_NAME, Item, ListedAgent, Source, Unreadable
from inventory.connectors.delimited import clean
from inventory.connectors.moments import moment_of
from inventory.connectors.records import Record, inner

_MOST_LISTED = 50  # owners, tools, channels … of one agent
_CONTENT = frozenset(
    {
        *("instructions", "rawagentinfo", "agenttopicsdetails", "memory", "capabilities", "skills", "guardrails"),
        *("agentcardmanifest", "signatures", "agentdescription"),
    }
)


class Form(NamedTuple):
    """One inventory: the columns that give it away, and under which (folded) names it says what."""

    source: str
    marks: frozenset[str]
    names: dict[str, tuple[str, ...]]


FORMS = (
    Form(
        "xdr_agents",
        frozenset({"agentid", "agentname", "publishedstatus"}),
        {
            "id": ("agentid",),
            "others": ("sourceagentid", "entraagentid"),
            "name": ("agentname",),
            "platform": ("platform",),
            "owners": ("owners",),
            "created": ("createddatetime",),
            "published": ("lastpublisheddatetime",),
            "changed": ("lastupdateddatetime",),
            "as_of": ("timestamp",),
            "authentication": ("toolsauthenticationtype",),
            "access": ("availability",),
            "shared": ("sharedwith",),
            "knowledge": ("declareddatasources",),
            "tools": ("declaredtools",),
            "channels": ("channels",),
            "model": ("model",),
            "mcp": ("mcpservers",),
            "triggers": ("triggers",),
            "states": ("lifecyclestatus", "publishedstatus"),
        },
    ),
    Form(
        "xdr_ai_agents",
        frozenset({"aiagentid"}),
        {
            "id": ("aiagentid",),
            "name": ("aiagentname",),
            "platform": ("platform",),
            "environment": ("environmentid",),
            "owners": ("owneraccountupns",),
            "created": ("agentcreationtime",),
            "published": ("lastpublishedtime",),
            "changed": ("lastmodifiedtime",),
            "as_of": ("timestamp",),
            "authentication": ("userauthenticationtype",),
            "access": ("accesscontrolpolicy",),
            "shared": ("authorizedsecuritygroupids", "agentusers"),
            "knowledge": ("knowledgedetails",),
            "tools": ("agenttoolsdetails",),
            "triggers": ("agentactiontriggers",),
            "states": ("agentstatus",),
        },
    ),
    Form(
        "power_platform",
        frozenset({"environmentid", "schemaname", "displayname"}),
        {
            "id": ("botid", "name"),
            "others": ("name", "entraagentid", "entraappid"),
            "name": ("displayname",),
            "platform": ("createdin",),
            "environment": ("environmentid",),
            "owners": ("ownerid",),
            "created": ("createdat",),
            "published": ("lastpublishedat",),
            "changed": ("quarantinedat",),
            "authentication": ("authentication",),
            "channels": ("channels",),
            "model": ("model",),
            "blocked": ("isquarantined",),
        },
    ),
    Form(
        "copilot_studio_kit",
        frozenset({"catagentid"}),
        {
            "id": ("catagentid",),
            "name": ("catname",),
            "platform": ("cattype",),
            "environment": ("catenvironmentname",),
            "owners": ("catagentowneremail",),
            "department": ("catagentowningbusinessunit",),
            "created": ("catagentcreateddate",),
            "used": ("catlastusagedate",),
            "authentication": ("catenduserauthenticationtype",),
            "model": ("catmodel",),
            "autonomous": ("catautonomousagentcode",),
            "maker": ("catusesconnectormakerauthcontextcode",),
            "http": ("catuseshttprequestscode",),
            "uses_mcp": ("catusesmcpcode",),
            "is_published": ("catpublishedcode",),
            "states": ("catagentstatus",),
        },
    ),
    Form(
        "coe_kit",
        frozenset({"adminpvaid", "adminpvadisplayname"}),
        {
            "id": ("adminbotid", "adminpvaid"),
            "name": ("adminpvadisplayname",),
            "environment": ("adminpvaenvironmentdisplayname", "adminpvaenvironment"),
            "owners": ("adminpvaowner",),
            "created": ("adminpvacreatedon",),
            "changed": ("adminpvamodifiedon",),
            "deleted": ("adminpvadeleted",),
            "orphaned": ("adminpvaisorphaned",),
            "states": ("adminbotstatecode",),
        },
    ),
    Form(
        "entra_identity",
        frozenset({"agentidentityblueprintid", "serviceprincipaltype"}),
        {
            "id": ("id",),
            "others": ("agentappid",),
            "name": ("displayname",),
            "owners": ("sponsors",),
            "created": ("createddatetime",),
            "enabled": ("accountenabled",),
            "disabled": ("disabledbymicrosoftstatus",),
        },
    ),
    Form(
        "agent_registry",
        frozenset({"agentidentityid", "originatingstore"}),
        {
            "id": ("sourceagentid", "id"),
            "others": ("id", "agentidentityid"),
            "name": ("displayname",),
            "platform": ("originatingstore",),
            "owners": ("ownerids",),
            "created": ("createddatetime",),
            "changed": ("lastmodifieddatetime",),
        },
    ),
)
_STATES = {
    **dict.fromkeys(("deleted", "uninstalled"), "deleted"),
    **dict.fromkeys(("blocked", "quarantined", "inactive", "disabled"), "blocked"),
    **dict.fromkeys(("draft", "created"), "draft"),
    **dict.fromkeys(("published", "active"), "published"),
}
_WEIGHT = {
    "listed": 0,
    "published": 1,
    "draft": 2,
    "blocked": 3,
    "deleted": 4,
}  # where two are given, the later tells more
_TRUE, _FALSE = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})
_EVERYONE = ("everyone", "any", "any (multitenant)", "all users", "everyone in org")


class Agents:
    kind = "agents"
    title = "Agent inventories (Defender, Power Platform, Copilot Studio Kit, CoE Kit, Entra)"

    def recognises(self, columns: list[str]) -> bool:
        return _form(set(columns)) is not None

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The agents; see `base.Connector`."""
        for place, record in records.read(source, from_line):
            yield record if isinstance(record, Unreadable) else _agent(place, record)


def _form(columns: set[str]) -> Form | None:
    return next((form for form in FORMS if form.marks <= columns), None)


def _agent(place: int, given: Record) -> Item:
    found = _flat(given)
    form = _form(set(found))
    if form is None:
        return Unreadable(place, "The record fits no inventory of agents that we know.", _without_content(found))
    read = _Reader(found, form)
    if not read.agent_id:
        return Unreadable(place, "The agent has no id.", _without_content(found))
    return read.agent(place)


def _flat(given: Record) -> dict[str, Any]:
    """The members by folded name, those of `properties` beside the others, empty ones left out."""
    within = records.member(given, "properties")
    whole = {**given, **within} if isinstance(within, dict) else given
    flat: dict[str, Any] = {}
    for key, value in whole.items():
        if isinstance(key, str):
            flat.setdefault("".join(filter(str.isalnum, key.casefold())), value)
    return flat


def _without_content(found: dict[str, Any]) -> bytes:
    return records.as_bytes({key: value for key, value in found.items() if key not in _CONTENT})


class _Reader:
    """What one record says, under the names of its form."""

    def __init__(self, found: dict[str, Any], form: Form) -> None:
        self._found = found
        self._form = form
        self.agent_id = self._text("id")

    def agent(self, place: int) -> ListedAgent:
        tools, knowledge, owners = self._listed("tools"), self._listed("knowledge"), self._listed("owners")
        shared = self._listed("shared")
        created, published, used = self._when("created"), self._when("published"), self._when("used")
        named = [at for at in (created, published, used, self._when("changed")) if at]
        others = dict.fromkeys(filter(_is_guid, map(_text, map(self._found.get, self._form.names.get("others", ())))))
        others.pop(self.agent_id, None)
        return ListedAgent(
            line=place,
            source=self._form.source,
            agent_id=self.agent_id,
            other_ids=tuple(others),
            name=self._text("name") or self.agent_id,
            platform=self._text("platform")[:100],
            environment=self._text("environment")[:100],
            owners=owners,
            owners_given=any(self._found.get(name) is not None for name in self._form.names.get("owners", ())),
            department=self._text("department"),
            state=self._state(published),
            created_at=created,
            published_at=published,
            used_at=used,
            as_of=self._when("as_of") or max(named, default=None),
            authentication=self._text("authentication")[:100],
            access=self._text("access")[:100],
            everyone=self._everyone(shared),
            shared_with=len(shared) if self._has("shared") else None,
            knowledge=knowledge,
            tools=tools,
            channels=self._listed("channels"),
            model=self._text("model")[:100],
            autonomous=self._truth("autonomous") if self._has("autonomous") else self._any("triggers"),
            maker_credentials=self._truth("maker"),
            http=self._truth("http") if self._has("http") else _mentions(tools, "http"),
            mcp=self._truth("uses_mcp") if self._has("uses_mcp") else self._any("mcp"),
            orphaned=self._truth("orphaned"),
        )

    def _given(self, fact: str) -> Any:
        names = self._form.names.get(fact, ())
        return next((value for name in names if (value := self._found.get(name)) not in (None, "")), None)

    def _has(self, fact: str) -> bool:
        return self._given(fact) is not None

    def _text(self, fact: str) -> str:
        return _text(self._given(fact))

    def _listed(self, fact: str) -> tuple[str, ...]:
        return _listed(self._given(fact))

    def _truth(self, fact: str) -> bool | None:
        word = str(self._given(fact)).strip().casefold()
        return True if word in _TRUE else False if word in _FALSE else None

    def _any(self, fact: str) -> bool | None:
        return bool(self._listed(fact)) if self._has(fact) else None

    def _when(self, fact: str) -> datetime | None:
        return moment_of(self._given(fact))

    def _everyone(self, shared: tuple[str, ...]) -> bool | None:
        if not self._has("shared") and not self._has("access"):
            return None
        return any(word.casefold() in _EVERYONE for word in (*shared, self._text("access")))

    def _state(self, published: datetime | None) -> str:
        """The state that says most; an inventory that only knows when it was published says so by that."""
        told = [_STATES.get(_text(self._found.get(name)).casefold(), "") for name in self._form.names.get("states", ())]
        if self._has("is_published"):
            told.append("published" if self._truth("is_published") else "draft")
        if self._form.source == "power_platform":
            told.append("published" if published else "draft")
        if self._truth("blocked") or self._truth("enabled") is False or self._has("disabled"):
            told.append("blocked")
        if self._truth("deleted"):
            told.append("deleted")
        return max((one for one in told if one), key=_WEIGHT.__getitem__, default="listed")


def _is_guid(value: str) -> bool:
    """Only such ids say the same in two inventories: "agent-1" may be anybody's."""
    try:
        return bool(value) and str(UUID(value)) == value.casefold()
    except ValueError:
        return False


def _mentions(names: tuple[str, ...], word: str) -> bool | None:
    return any(word in name.casefold() for name in names) if names else None


def _listed(value: Any) -> tuple[str, ...]:
    """Names in a list, in a list written as text, parted by commas or semicolons, or one alone; each once."""
    value = inner(value)
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    elif isinstance(value, dict):
        value = [value]
    named = (_named(one) for one in (value[:_MOST_LISTED] if isinstance(value, list) else ()))
    return tuple(dict.fromkeys(filter(None, named)))


def _named(one: Any) -> str:
    if isinstance(one, dict):
        one = records.member(one, "name", "displayname", "userprincipalname", "url", "id")
    return _text(one)


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else ""
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if isinstance(value, str) else ""
