"""Use of AI by the people of what is looked at, from daily figures. Use counts by the user's department; people whose
department isn't known (*Unassigned*) count for the whole organisation only. Nobody is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.selectors.among import ALL, Among, seen_then
from inventory import access
from inventory.choices import ApplicationKind, Severity
from inventory.models import AIApplication, Alert, DailySensitive, DailyUsage, DailyUser, Sighting
from inventory.models.activity import DailyRow
from inventory.selectors.chosen import told
from inventory.selectors.discovery.decided_then import decided_by
from inventory.selectors.discovery.rulings import in_force
from inventory.selectors.events.wanted import CATEGORIES, COPILOT, REGISTERED, UNREGISTERED
from inventory.selectors.feeds import Files
from inventory.selectors.kept import kept_between_files
from inventory.selectors.scope import Scope
from risk.selectors.alerts import OPEN
from risk.selectors.alerts_then import open_then

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LABELLED, PERSONAL = "labelled", "personal"  # what made an interaction sensitive; it is kept, so its words are apart
SENSITIVE_PARTS: Mapping[str, "StrPromise"] = {
    LABELLED: _("With a sensitivity label"),
    PERSONAL: _("Unlabelled, with sensitive information"),
}
MOST_APPS = 10

# Whatever a person has linked stands under its application, not under the name seen (docs/decisions/0025)
LOOSE = Case(When(application=None, then=F("sighting_id")))


@dataclass(frozen=True)
class UsedApp:
    """An AI app and its use in the period. `id` is None where it isn't registered, or out of the person's sight;
    `sighting` is that under which it was seen, where nothing registered fits."""

    id: int | None
    name: str
    registered: bool
    interactions: int
    users: int  # distinct
    sensitive: int
    last_day: date
    sighting: int | None = None


@dataclass(frozen=True)
class SensitiveUse:
    """Sensitive interactions of an AI app, by what made them sensitive; `id` as in UsedApp."""

    id: int | None
    name: str
    parts: dict[str, int]
    sighting: int | None = None  # under which it was seen, where nothing registered fits


@dataclass(frozen=True)
class Unregistered:
    """AI apps that were used and match nothing registered, and how many distinct people used them."""

    apps: int
    people: int


@dataclass(frozen=True)
class Use:
    """What the overview shows of use: interactions by category, what isn't registered, what was sensitive."""

    by_category: dict[str, list[tuple[date, int]]]
    unregistered: Unregistered
    sensitive: list[SensitiveUse]
    counted_at: datetime | None = None  # where a file that is being read may have told more meanwhile


@dataclass(frozen=True)
class MostUsed:
    """The AI apps used most; `counted_at` as in Use."""

    apps: list[UsedApp]
    counted_at: datetime | None


@dataclass(frozen=True)
class OpenAlerts:
    all: int
    high: int


def _within(found: QuerySet[DailyRow], scope: Scope, day: date, period: int, among: Among = ALL) -> QuerySet[DailyRow]:
    """The rows of the last `period` days up to `day`, of the people looked at."""
    found = found.filter(day__gt=day - timedelta(days=period), day__lte=day)
    if not scope.everything:
        found = found.filter(department__in=scope.departments().order_by().values("pk"))
    return found.filter(application__in=told(scope.user, among.ids)) if among else found


def use(scope: Scope, day: date, period: int, among: Among = ALL, files: Files | None = None) -> Use:
    """Use by the people looked at in the last `period` days.

    These are sums over every daily row of theirs, so they are kept from one file of a feed to the next. A change of the
    department tree, or of an application's kind or name, shows after some minutes (`inventory.selectors.kept`).
    """

    def find() -> Use:
        apps = sensitive_by_app(scope, day, period, among)
        return Use(by_category(scope, day, period, among), unregistered(scope, day, period), apps)

    found, at = kept_between_files(_key("use by parts", scope, day, period, among), find, files)
    seen = _in_sight(scope, [one.id for one in found.sensitive])  # the next person may see other applications
    sensitive = [replace(one, id=seen.get(one.id)) for one in found.sensitive]
    return replace(found, sensitive=sensitive, counted_at=at)


def _key(what: str, scope: Scope, day: date, period: int, among: Among) -> object:
    whose = among and not access.sees_everything(scope.user) and scope.user.pk  # what is chosen is what they see
    return (what, [top.pk for top in scope.tops], day, period, among.key, whose)


def by_category(scope: Scope, day: date, period: int, among: Among = ALL) -> dict[str, list[tuple[date, int]]]:
    """Interactions by day in each of CATEGORIES; days without any are left out. A day is one group with all of them:
    grouped by category as well, PostgreSQL expects as many groups as rows and reads them one by one."""
    copilots = AIApplication.objects.filter(kind__in=(ApplicationKind.COPILOT, ApplicationKind.AGENT)).order_by()
    rows = (
        _within(DailyUsage.objects.filter(interactions__gt=0), scope, day, period, among)  # not mere visits
        .values_list("day")
        .annotate(all=Sum("interactions"))
        .annotate(loose=Sum("interactions", filter=Q(application=None), default=0))
        # Hashed once: a join to every application took as long as reading the rows
        .annotate(copilot=Sum("interactions", filter=Q(application__in=copilots.values("pk")), default=0))
        .order_by()
    )
    found: dict[str, list[tuple[date, int]]] = {name: [] for name in CATEGORIES}
    for on, every, loose, copilot in sorted(rows):
        amounts = {UNREGISTERED: loose, COPILOT: copilot, REGISTERED: every - loose - copilot}
        for name, amount in amounts.items():
            if amount:
                found[name].append((on, amount))
    return found


def unregistered(scope: Scope, day: date, period: int) -> Unregistered:
    """One query: the index on the daily tables has the rows without an application side by side. Of a past day, what
    was loose by what people had decided then."""
    if day < timezone.localdate():
        return _unregistered_then(scope, day, period)
    settled = Sighting.objects.filter(folded__in=in_force(day).values("folded")).values("pk")  # ruled out
    apps = _within(DailyUsage.objects.filter(application=None).exclude(sighting__in=settled), scope, day, period)
    people = _within(DailyUser.objects.filter(application=None).exclude(sighting__in=settled), scope, day, period)
    counts = [
        found.order_by().values("application").annotate(n=Count(field, distinct=True)).values("n")
        for found, field in ((apps, "sighting"), (people, "pseudonym"))
    ]
    (first, first_values), (second, second_values) = (found.query.sql_with_params() for found in counts)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({first}), ({second})", [*first_values, *second_values])
        row = cursor.fetchone()
    return Unregistered(row[0] or 0, row[1] or 0)


def _unregistered_then(scope: Scope, day: date, period: int) -> Unregistered:
    decided = decided_by(day)
    settled = Sighting.objects.filter(folded__in=sorted(decided.settled)).values("pk")
    apps, people = (
        _within(model.objects.filter(decided.loose).exclude(sighting__in=settled), scope, day, period).order_by()
        for model in (DailyUsage, DailyUser)
    )
    return Unregistered(
        apps.aggregate(n=Count("sighting", distinct=True))["n"],
        people.aggregate(n=Count("pseudonym", distinct=True))["n"],
    )


def sensitive_by_app(
    scope: Scope, day: date, period: int, among: Among = ALL, most: int = MOST_APPS
) -> list[SensitiveUse]:
    """The AI apps with the most sensitive interactions, whoever may see them; each interaction counts once, by its
    label where it has one."""
    rows = (
        _within(DailySensitive.objects.all(), scope, day, period, among)
        .annotate(loose=LOOSE)
        .values("application_id", "loose")
        .annotate(
            app=Max(Coalesce("application__name", "sighting__name")),
            labelled=Coalesce(Sum("interactions", filter=~Q(labels=[])), 0),
            all=Sum("interactions"),
        )
        .order_by("-all", "app")[:most]
    )
    return [
        SensitiveUse(
            row["application_id"],
            row["app"],
            {LABELLED: row["labelled"], PERSONAL: row["all"] - row["labelled"]},
            row["loose"],
        )
        for row in rows
    ]


def applications_used(scope: Scope, day: date, period: int, among: Among = ALL) -> MostUsed:
    """The AI apps used most by the people looked at, whoever owns the app; kept as `use` is."""
    key = _key("apps", scope, day, period, among)
    found, at = kept_between_files(key, lambda: _most_used(scope, day, period, among))
    seen = _in_sight(scope, [one.id for one in found])
    return MostUsed([replace(one, id=seen.get(one.id)) for one in found], at)


def _most_used(scope: Scope, day: date, period: int, among: Among) -> list[UsedApp]:
    """The same with every application's id, whoever may see it."""
    rows: list[Any] = list(
        _within(DailyUsage.objects.all(), scope, day, period, among)
        .annotate(loose=LOOSE)
        .values("application_id", "loose")
        .annotate(all=Sum("interactions"), touched=Sum("sensitive"), last=Max("day"))
        .order_by("-all", "application_id", "loose")[:MOST_APPS]
    )
    names = _names(rows)
    users = _distinct_users(scope, day, period, rows)
    return [
        UsedApp(
            id=row["application_id"],
            name=names[row["application_id"], row["loose"]],
            registered=row["application_id"] is not None,
            interactions=row["all"],
            users=users.get((row["application_id"], row["loose"]), 0),
            sensitive=row["touched"],
            last_day=row["last"],
            sighting=row["loose"],
        )
        for row in rows
    ]


def _names(rows: Sequence[Any]) -> dict[tuple[int | None, int | None], str]:
    """Names by (application, sighting), of the few rows shown: joined to every daily row they took a second."""
    applications = AIApplication.objects.filter(pk__in=[row["application_id"] for row in rows]).order_by()
    sightings = Sighting.objects.filter(pk__in=[row["loose"] for row in rows]).order_by()
    found: dict[tuple[int | None, int | None], str] = {
        (pk, None): name for pk, name in applications.values_list("pk", "name")
    }
    return found | {(None, pk): name for pk, name in sightings.values_list("pk", "name")}


def _distinct_users(
    scope: Scope, day: date, period: int, rows: Sequence[Any]
) -> dict[tuple[int | None, int | None], int]:
    """Distinct people by (application, sighting): daily figures of distinct people don't add up."""
    apps = [row["application_id"] for row in rows if row["application_id"]]
    sightings = [row["loose"] for row in rows if row["loose"]]
    one_of = Q(application__in=apps) | Q(application=None, sighting__in=sightings)
    counted = (
        _within(DailyUser.objects.filter(one_of), scope, day, period)
        .order_by()
        .annotate(loose=LOOSE)
        .values_list("application_id", "loose")
        .annotate(n=Count("pseudonym", distinct=True))
    )
    return {(application, sighting): n for application, sighting, n in counted}


def _in_sight(scope: Scope, ids: Sequence[int | None]) -> dict[int | None, int]:
    """Those of a page's applications that the person may open."""
    wanted = [pk for pk in ids if pk]
    if access.sees_everything(scope.user):
        return {pk: pk for pk in wanted}
    return {pk: pk for pk in access.applications(scope.user).filter(pk__in=wanted).values_list("pk", flat=True)}


def open_alerts(scope: Scope, among: Among = ALL, then: date | None = None) -> OpenAlerts:
    """Alerts that nobody has resolved or dismissed, now or by the end of a past day; those tied to no application count
    for who sees everything."""
    found = open_then(Alert.objects.order_by(), then) if then else Alert.objects.filter(state__in=OPEN)
    left = seen_then(scope, among, then) if then else among.ids
    if not scope.everything and not then:
        found = found.filter(application__in=scope.applications().order_by().values("pk"))
    if left is not None:
        found = found.filter(application__in=left)
    counts = found.aggregate(all=Count("pk"), high=Count("pk", filter=Q(severity=Severity.HIGH)))
    return OpenAlerts(**counts)
