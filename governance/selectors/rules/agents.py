"""Rules about agents, by what inventories list."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from governance.selectors.rules.base import Rule, Threshold

_LISTED = (
    "SELECT EXISTS (SELECT FROM inventory_agentlisting)",
    _("an inventory of agents: Power Platform, Copilot Studio, Entra or Defender"),
)


def _latest(column: str, condition: str = "") -> str:
    """What the latest listing of an agent says that says anything."""
    when = condition or f"{column} IS NOT NULL"
    return f"(array_agg({column} ORDER BY as_of DESC NULLS LAST, id DESC) FILTER (WHERE {when}))[1]"


# One agent out of all its listings, as the page of agents shows it; its department is its application's, if registered
_AGENT = f"""
WITH said AS (
    SELECT agent, {_latest("name", "name <> ''")} AS name, {_latest("application_id")} AS application_id,
        {_latest("department_id")} AS department_id, {_latest("to_jsonb(owners)", "owners IS NOT NULL")} AS owners,
        COALESCE({_latest("state", "state <> 'listed'")}, 'listed') AS state,
        {_latest("lower(authentication)", "authentication <> ''")} AS authentication,
        {_latest("lower(access)", "access <> ''")} AS access, {_latest("everyone")} AS everyone,
        {_latest("autonomous")} AS autonomous, {_latest("maker_credentials")} AS maker, {_latest("http")} AS http,
        {_latest("mcp")} AS mcp, {_latest("orphaned")} AS orphaned, max(used_at) AS used_at,
        max(published_at) AS published_at
    FROM inventory_agentlisting GROUP BY agent),
agent AS (
    SELECT said.*, COALESCE(a.department_id, said.department_id) AS place
    FROM said LEFT JOIN inventory_aiapplication a ON a.id = said.application_id
    WHERE said.state NOT IN ('deleted', 'blocked', 'draft'))
SELECT agent AS key, place AS department_id, 'agent' AS kind, application_id AS ref, COALESCE(name, agent) AS name,
    1 AS amount, {{gravity}} AS gravity, {{note}} AS note FROM agent WHERE {{when}}"""  # noqa: S608 - constants of our own


def _agents(when: str, gravity: str = "3", note: str = "''") -> str:
    return _AGENT.format(when=when, gravity=gravity, note=note)


# Absent: of a user list that is there, none of the owners is a person with a working account
_NO_OWNER = """(owners = '[]'::jsonb OR orphaned OR (
    EXISTS (SELECT FROM inventory_directoryuser) AND owners IS NOT NULL AND NOT EXISTS (
        SELECT FROM jsonb_array_elements_text(owners) owner
        JOIN inventory_directoryuser u ON u.pseudonym = owner::uuid AND u.enabled)))"""

RULES = (
    Rule(
        number=8,
        key="ownerless_agent",
        title=_("Agent without an accountable owner"),
        goals=("A5",),
        trigger=_(
            "An agent that is not deleted, blocked or a draft has no owner, is marked as orphaned, "
            "or has only owners whose accounts are disabled or gone. High where it was used in 30 "
            "days."
        ),
        action=_("Give it an owner, or take it out of service."),
        unit=_("agents"),
        counted=ngettext_lazy("agent", "agents", "n"),
        route="inventory:agents",
        query={"standing": "ownerless"},
        sql=_agents(
            _NO_OWNER,
            "CASE WHEN used_at > %(agents_from)s THEN 3 ELSE 2 END",
            "CASE WHEN orphaned THEN 'marked as orphaned' WHEN owners = '[]'::jsonb THEN 'has no owner'"
            " ELSE 'no owner has a working account' END",
        ),
        needs=_LISTED,
        anchor="agents",
        feeds=("agents",),
    ),
    Rule(
        number=9,
        key="open_agent",
        title=_("Agent open without authentication"),
        goals=("PS2",),
        trigger=_("A published agent asks for no authentication, or any account of any organisation may use it."),
        action=_("Ask for sign-in with a work account."),
        unit=_("agents"),
        counted=ngettext_lazy("agent", "agents", "n"),
        route="inventory:agents",
        sql=_agents(
            "state = 'published' AND (authentication IN ('none', 'no authentication') OR access IN "
            "('any', 'any (multitenant)'))",
            note="concat_ws(', ', 'authentication ' || authentication, 'access ' || access)",
        ),
        needs=_LISTED,
        anchor="agents",
        feeds=("agents",),
    ),
    Rule(
        number=10,
        key="overpowered_agent",
        title=_("Over-powered agent"),
        goals=("A5", "PS2"),
        trigger=_(
            "An active agent works with its maker's rights, sends HTTP requests or uses MCP servers, "
            "and acts by itself or is shared with everyone."
        ),
        action=_("Take away what it does not need, or narrow who may use it."),
        unit=_("agents"),
        counted=ngettext_lazy("agent", "agents", "n"),
        route="inventory:agents",
        sql=_agents(
            "(maker OR http OR mcp) AND (autonomous OR everyone)",
            note="concat_ws(', ', CASE WHEN maker THEN 'its maker''s rights' END,"
            " CASE WHEN http THEN 'HTTP requests' END, CASE WHEN mcp THEN 'MCP servers' END,"
            " CASE WHEN autonomous THEN 'acts by itself' END, CASE WHEN everyone THEN 'shared with everyone' END)",
        ),
        needs=_LISTED,
        anchor="agents",
        feeds=("agents",),
    ),
    Rule(
        number=11,
        key="forgotten_agent",
        title=_("Forgotten agent"),
        goals=("A4",),
        trigger=_(
            "A published agent was not used for more than {days:day|days}, or was never used and published "
            "that long ago."
        ),
        action=_("Retire it, or say who still needs it."),
        unit=_("agents"),
        counted=ngettext_lazy("agent", "agents", "n"),
        route="inventory:agents",
        sql=_agents(
            "state = 'published' AND COALESCE(used_at, published_at) < %(agents)s - %(days)s * interval '1 day'",
            "1",
            "CASE WHEN used_at IS NULL THEN 'never used, published '"
            " || to_char(published_at AT TIME ZONE %(zone)s, 'FMDD Mon YYYY')"
            " ELSE 'last used ' || to_char(used_at AT TIME ZONE %(zone)s, 'FMDD Mon YYYY') END",
        ),
        needs=_LISTED,
        anchor="agents",
        feeds=("agents",),
        thresholds=(Threshold("days", _("Days without use"), 90, 7, 3650),),
    ),
)
