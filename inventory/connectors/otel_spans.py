"""OpenTelemetry traces of generative AI as OTLP/JSON: what an application that watches itself exports.

A trace is one request, so it is one interaction of each service in it, however many model calls and tools it took: the
record id is made of both, and further spans of it are duplicates. Prompts, answers, tool arguments and instructions,
which the conventions put into attributes and events, are never looked at and never kept, quarantine included.
Conventions: https://opentelemetry.io/docs/specs/semconv/gen-ai/ (`gen_ai.*`), in their present and earlier spelling.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from inventory.connectors import records
from inventory.connectors.base import MAX_NAME, Ignored, Interaction, Item, Seen, Source, Unreadable
from inventory.connectors.delimited import clean
from inventory.connectors.moments import moment_of
from inventory.connectors.records import Record, member

# A person asks a model or an agent; embeddings, tools and the making of agents are steps, not requests.
_REQUESTS = frozenset({"chat", "text_completion", "generate_content", "invoke_agent", "completion"})
_OPERATION = "ConnectedAIAppInteraction"
_MOST_ATTRIBUTES = 1000  # of one span
_USER = ("enduser.id", "user.id", "user.email", "enduser.pseudo.id")
_HOST = ("server.address", "net.peer.name", "url.full")
_RESOURCE = ("cloud.resource_id", "azure.resource_id")
_WANTED = frozenset(
    {
        *("gen_ai.operation.name", "gen_ai.agent.id", "gen_ai.agent.name", "gen_ai.request.model"),
        *("gen_ai.response.model", "gen_ai.system", "gen_ai.provider.name", "service.name", "service.namespace"),
        *_USER,
        *_HOST,
        *_RESOURCE,
    }
)
_ID = re.compile(r"[0-9a-fA-F]{2,64}\Z|[A-Za-z0-9+/]{4,64}={0,2}\Z")  # hexadecimal; some exporters write base64
_KEPT_WHERE_UNREADABLE = ("traceId", "spanId", "name", "startTimeUnixNano")

Attributes = dict[str, str]


class _Span(NamedTuple):
    given: Record
    trace: str
    attributes: Attributes

    @property
    def is_request(self) -> bool:
        operation = self.attributes.get("gen_ai.operation.name", "").casefold()
        # before operations had names, a model or a system told that a span is about generative AI
        about_ai = self.attributes.get("gen_ai.system") or self.attributes.get("gen_ai.request.model")
        return operation in _REQUESTS if operation else bool(about_ai)


class OtelSpans:
    kind = "otel_spans"
    title = "OpenTelemetry traces of generative AI (OTLP/JSON)"

    def recognises(self, columns: list[str]) -> bool:
        names = set(columns)
        return bool({"resourcespans", "scopespans"} & names) or {"traceid", "spanid"} <= names

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The spans, numbered from 1 on; see `base.Connector`."""
        number = 0
        for _, record in records.read(source):
            for item in _items(record, number):
                number += 1
                if number >= from_line:
                    yield item


def _items(record: Record | Unreadable, before: int) -> Iterator[Item]:
    """The items of a record, numbered on from `before`."""
    if isinstance(record, Unreadable):
        yield Unreadable(before + 1, record.reason, b"")  # what can't be read may hold a prompt
        return
    number = before
    for resource, spans in _resources(record):
        if spans is None:
            number += 1
            yield Unreadable(number, "The record holds no spans where they belong.", b"")
            continue
        found = [_span(one) for one in spans]
        named = _named_agents(found, resource)
        for one in found:
            number += 1
            yield _item(number, one, resource, named)


def _resources(record: Record) -> Iterator[tuple[Attributes, list[Any] | None]]:
    """The spans of each resource with what is said of it; None where they are no list."""
    whole = member(record, "resourcespans")
    for part in whole if isinstance(whole, list) else [record]:
        if not isinstance(part, dict):
            yield {}, None
            continue
        resource = member(part, "resource")
        said = _attributes(member(resource, "attributes")) if isinstance(resource, dict) else {}
        scopes = member(part, "scopespans", "instrumentationlibraryspans")
        if scopes is None and member(part, "traceid"):
            yield said, [part]  # a span a line
        elif isinstance(scopes, list):
            lists = [member(scope, "spans") if isinstance(scope, dict) else None for scope in scopes]
            yield said, [span for spans in lists if isinstance(spans, list) for span in spans]
        else:
            yield said, None


def _span(given: Any) -> _Span | None:
    if not isinstance(given, dict):
        return None
    trace = member(given, "traceid")
    trace = trace if isinstance(trace, str) and _ID.match(trace) and trace.strip("0") else ""
    return _Span(given, trace, _attributes(member(given, "attributes")))


def _named_agents(spans: list[_Span | None], resource: Attributes) -> dict[str, Seen]:
    """How the service is named in each trace: by the agent, where any span of the trace names one."""
    named: dict[str, Seen] = {}
    for span in spans:
        if span is not None and span.trace and span.is_request:
            seen = _seen({**resource, **span.attributes})
            before = named.get(span.trace)
            if before is None or ((seen.agent_id or seen.agent_name) and not (before.agent_id or before.agent_name)):
                named[span.trace] = seen
    return named


def _item(number: int, span: _Span | None, resource: Attributes, named: dict[str, Seen]) -> Item:
    if span is None:
        return Unreadable(number, "This is no span: an object was expected.", b"")
    if not span.is_request:
        return Ignored(number)
    if not span.trace:
        return Unreadable(number, "The span has no traceId.", _without_content(span.given))
    at = moment_of(member(span.given, "starttimeunixnano", "starttime", "start_time"))
    if at is None:
        return Unreadable(number, "The span has no start time that can be read.", _without_content(span.given))
    seen = named[span.trace]
    everything = {**resource, **span.attributes}
    return Interaction(
        line=number,
        record_id=f"otel/{span.trace.lower()}/{_service(everything) or seen.name}",
        at=at,
        user=_first(everything, _USER),
        seen=seen,
    )


def _seen(said: Attributes) -> Seen:
    seen = Seen(
        agent_id=said.get("gen_ai.agent.id", ""),
        agent_name=said.get("gen_ai.agent.name", ""),
        app_identity=_service(said),
        host=_first(said, _HOST),
        azure_resource=_first(said, _RESOURCE),
        operation=_OPERATION,
    )
    if any(seen[:-1]):
        return seen
    # a model is used by many, so it names the application only where nothing else does
    return seen._replace(app_name=said.get("gen_ai.request.model") or said.get("gen_ai.response.model", ""))


def _service(said: Attributes) -> str:
    """The service; none where the exporter only knows that it doesn't know."""
    name = said.get("service.name", "")
    return "" if name.startswith("unknown_service") else name


def _attributes(given: Any) -> Attributes:
    """The attributes that name somebody or something; OTLP writes a list of keys and typed values, others an object."""
    found: Attributes = {}
    pairs = given.items() if isinstance(given, dict) else _pairs(given)
    for key, value in pairs:
        if key in _WANTED and (text := _text(value)):
            found[key] = text
    return found


def _pairs(given: Any) -> Iterator[tuple[str, Any]]:
    for one in given[:_MOST_ATTRIBUTES] if isinstance(given, list) else ():
        if isinstance(one, dict) and isinstance(key := member(one, "key"), str):
            yield key, member(one, "value")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = member(value, "stringvalue", "intvalue")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else ""
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if isinstance(value, str) else ""


def _first(said: Attributes, names: tuple[str, ...]) -> str:
    return next((said[name] for name in names if said.get(name)), "")


def _without_content(span: Record) -> bytes:
    kept = {name: _text(member(span, name.casefold())) for name in _KEPT_WHERE_UNREADABLE}
    return records.as_bytes(kept)
