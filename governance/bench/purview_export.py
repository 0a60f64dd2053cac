"""Writes a believable Purview audit export of any size, and says exactly what a reader must find in it.

Everything is invented and follows from the seed. Tests compare the figures, the bench the speed.
"""

import csv
import io
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

HEADER = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames"
LABELS = tuple(str(UUID(int=0x1ABE1 + n)) for n in range(4))
DOMAIN = "alderfinch.example"
_RECORD_TYPES = {
    "CopilotInteraction": 261,
    "AIAppInteraction": 284,
    "ConnectedAIAppInteraction": 328,
    "TeamCopilotMsgInteraction": 334,
}


@dataclass(frozen=True)
class App:
    """One way in which records name an application."""

    operation: str
    identity: str
    host: str
    agent_id: str = ""
    agent_name: str = ""

    @property
    def name(self) -> str:
        return self.agent_name or self.identity or self.host


def apps(agents: int = 24) -> list[App]:
    """Copilot hosts, agents, connected apps and chat sites in use at the invented bank."""
    copilots = [
        App("CopilotInteraction", f"Copilot.MicrosoftCopilot.{host}", host)
        for host in ("Word", "Excel", "PowerPoint", "Outlook", "BizChat")
    ]
    built = [
        App(
            "CopilotInteraction",
            f"Copilot.Studio.{UUID(int=0xA99 + n)}",
            "Teams",
            f"CopilotStudio.Declarative.{UUID(int=0xA6E27 + n)}",
            f"Desk Agent {n}",
        )
        for n in range(agents)
    ]
    return [
        *copilots,
        *built,
        App("ConnectedAIAppInteraction", "ConnectedAIApp.AzureAI.fraud-scoring", "fraud-scoring"),
        App("AIAppInteraction", "AIApp.SaaS.ChatGPT", "Edge"),
        App("AIAppInteraction", "AIApp.SaaS.Gemini", "Chrome"),
        App("TeamCopilotMsgInteraction", "Copilot.TeamCopilot.AINotes", "Teams"),
    ]


@dataclass
class Planted:
    """What a reader must find. Figures by (application name, day) and by (user, day) count stored rows only."""

    rows: int = 0
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    ignored: int = 0
    sensitive: int = 0
    jailbreak: int = 0
    injection: int = 0
    by_app: Counter[str] = field(default_factory=Counter)
    by_app_day: Counter[tuple[str, date]] = field(default_factory=Counter)
    by_user: Counter[str] = field(default_factory=Counter)
    users_by_app_day: defaultdict[tuple[str, date], set[str]] = field(default_factory=lambda: defaultdict(set))
    quarantined_lines: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Shares:
    """How often (of each row) something odd is planted."""

    sensitive: float = 0.06
    jailbreak: float = 0.002
    injection: float = 0.001
    duplicate: float = 0.004
    broken: float = 0.0005
    other: float = 0.01


def user_name(number: int) -> str:
    return f"clerk{number:05}@{DOMAIN}"


def object_id(number: int) -> str:
    return str(UUID(int=0x0B1EC7 << 64 | number))


def write_audit(
    path: Path,
    count: int,
    *,
    seed: int = 1,
    users: int = 5000,
    days: int = 30,
    last: datetime | None = None,
    shares: Shares | None = None,
    tally: bool = True,
) -> Planted:
    """Write `count` rows, newest first as the portal does, and return what is in them.

    `tally=False` leaves the figures by application and user out (they cost memory).
    """
    random_source = random.Random(seed)  # noqa: S311 - invented data, not secrets
    planted = Planted()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(HEADER + "\r\n")
        writer = _Writer(random_source, planted, shares or Shares(), users, tally)
        end = last or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        step = timedelta(days=days) / max(1, count)
        for number in range(count):
            at = end - step * number
            file.write(writer.row(number, at))
    return planted


class _Writer:
    def __init__(self, source: random.Random, planted: Planted, shares: Shares, users: int, tally: bool) -> None:
        self.random = source
        self.planted = planted
        self.shares = shares
        self.users = users
        self.tally = tally
        self.apps = apps()
        self.earlier: list[str] = []

    def row(self, number: int, at: datetime) -> str:
        planted, draw = self.planted, self.random.random
        planted.rows += 1
        if self.earlier and draw() < self.shares.duplicate:
            planted.duplicates += 1
            return self.random.choice(self.earlier)
        if draw() < self.shares.broken:
            planted.quarantined += 1
            planted.quarantined_lines.append(planted.rows + 1)
            return f'{_id(self.random)},{_american(at)},261,CopilotInteraction,,"{{""Id"":""cut off",,\r\n'
        if draw() < self.shares.other:
            planted.ignored += 1
            return self._line(_id(self.random), at, "UpdateCopilotSettings", 325, "admin", '{"Setting":"Web search"}')
        row = self._interaction(at)
        if len(self.earlier) < 500 and draw() < 0.02:
            self.earlier.append(row)
        return row

    def _interaction(self, at: datetime) -> str:
        planted, draw = self.planted, self.random.random
        # a few people make most of the traffic, and each mostly uses the same few applications
        person = int(draw() ** 2 * self.users)
        user = user_name(person)
        favourite = person * 31 + int(draw() ** 2 * 4) * 7
        app = self.apps[(favourite if draw() < 0.9 else int(draw() * 1000)) % len(self.apps)]
        sensitive = draw() < self.shares.sensitive
        jailbreak, injection = draw() < self.shares.jailbreak, draw() < self.shares.injection
        planted.stored += 1
        planted.sensitive += sensitive
        planted.jailbreak += jailbreak
        planted.injection += injection
        if self.tally:
            planted.by_app[app.name] += 1
            planted.by_app_day[app.name, at.date()] += 1
            planted.by_user[user] += 1
            planted.users_by_app_day[app.name, at.date()].add(user)
        return self._line(
            _id(self.random), at, app.operation, _RECORD_TYPES[app.operation], user,
            self._event(app, sensitive, jailbreak, injection), app,
        )  # fmt: skip

    def _event(self, app: App, sensitive: bool, jailbreak: bool, injection: bool) -> str:
        number = self.random.getrandbits(40)
        label = f'"SensitivityLabelId":"{self.random.choice(LABELS)}",' if sensitive else ""
        site = f"https://{DOMAIN}/sites/desk{number % 97}/Shared%20Documents"
        resource = (
            f'{{"Id":"01AF{number:012X}","SiteUrl":"{site}/Note{number % 9973}.docx",'
            f'"listItemUniqueId":"{UUID(int=number << 80 | number)}","Type":"docx","Name":"Note{number % 9973}.docx",'
            f'{label}"Action":"Read","PolicyDetails":"","Status":"success","XPIADetected":{str(injection).lower()}}}'
        )
        return (
            f'{{"AppHost":"{app.host}","ThreadId":"19:{number:040x}@thread.v2","Contexts":[{{"Id":"{site}/Doc.aspx",'
            '"Type":"docx","ContainerId":""}],"MessageIds":[],"Messages":[{"Id":"'
            f'{number}","isPrompt":true,"JailbreakDetected":{str(jailbreak).lower()}}},{{"Id":"{number + 1}",'
            f'"isPrompt":false}}],"AccessedResources":[{resource}],"ModelTransparencyDetails":[],"AISystemPlugin":[]}}'
        )

    def _line(
        self, record_id: str, at: datetime, operation: str, number: int, user: str, event: str, app: App | None = None
    ) -> str:
        named = (
            f'"AppIdentity":"{app.identity}",'
            + (f'"AgentId":"{app.agent_id}","AgentName":"{app.agent_name}",' if app.agent_id else "")
            if app
            else ""
        )
        payload = (
            f'{{"CreationTime":"{at:%Y-%m-%dT%H:%M:%S}","Id":"{record_id}","Operation":"{operation}",'
            f'"OrganizationId":"7c1d0c3e-2b8f-4a44-9d10-5e0b6a1f0001","RecordType":{number},'
            f'"UserKey":"{user}","UserType":0,"Version":1,"Workload":"Copilot","ClientIP":"203.0.113.24",'
            f'"ClientRegion":"DE","UserId":"{user}",{named}"CopilotEventData":{event}}}'
        )
        return (
            f'{record_id},{_american(at)},{number},{operation},{user},"{payload.replace(chr(34), chr(34) * 2)}",,\r\n'
        )


def _id(source: random.Random) -> str:
    text = f"{source.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _american(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'PM' if at.hour >= 12 else 'AM'}"


def user_list(count: int, department_of: "list[str] | None" = None) -> Iterator[list[str]]:
    """Rows of an Entra user list, header first; person n belongs to department n mod the number of departments."""
    departments = department_of or ["Retail Banking", "Fraud & Financial Crime", "Treasury", ""]
    yield ["userPrincipalName", "displayName", "id", "userType", "jobTitle", "department", "accountEnabled"]
    for number in range(count):
        yield [
            user_name(number), f"Clerk {number}", object_id(number), "Member", "Clerk",
            departments[number % len(departments)], "True",
        ]  # fmt: skip


def write_users(path: Path, count: int, departments: list[str] | None = None) -> None:
    """Write the user list of the same invented people."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(user_list(count, departments))
    path.write_text(text.getvalue(), encoding="utf-8-sig")
