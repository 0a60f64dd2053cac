"""`{% load hub %}`: figures, badges, icons and links as every page shows them. Components with content: components.py.

Figures here are for the eye: a risk is rounded to a whole number (charts.base.score), a share to a percentage; exports
and the API carry the unrounded ones. All output is escaped; nothing here writes a style attribute, which the content
policy forbids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from inventory.charts import base as charts
from inventory.choices import Lifecycle
from inventory.templatetags import components, links, words
from inventory.templatetags.components import escaped

register = template.Library()
for brought in (components.register, links.register, words.register):
    register.tags.update(brought.tags)
    register.filters.update(brought.filters)

DASH = "–"
_UNITS = (7 * 24 * 3600, 24 * 3600, 3600, 60)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
NOTHING = mark_safe(
    '<span class="text-none"><span aria-hidden="true">–</span><span class="visually-hidden">none</span></span>'
)
BANDS = {
    "low": gettext_lazy("Low"),
    "moderate": gettext_lazy("Moderate"),
    "high": gettext_lazy("High"),
    "critical": gettext_lazy("Critical"),
}
EU_CLASSES = {  # from the gravest to the lightest
    "prohibited": (gettext_lazy("Prohibited"), "bad"),
    "high_risk": (gettext_lazy("High-risk"), "warn"),
    "transparency": (gettext_lazy("Transparency"), "info"),
    "minimal": (gettext_lazy("Minimal"), "neutral"),
    "gpai_model": (gettext_lazy("General-purpose model"), "accent"),
    "gpai_systemic": (gettext_lazy("General-purpose model, systemic risk"), "accent"),
    "out_of_scope": (gettext_lazy("Out of scope"), "neutral"),
}
LIFECYCLE_TONES = {"live": "good", "approved": "info", "in_review": "warn", "suspended": "bad"}


# Figures


@register.filter
def score(value: float | None, decimals: int = 0) -> str:
    """A risk from 0 (best) to 100 (worst), whole or with `decimals`, and more exact where that stood in another band; a
    dash where there is none."""
    return NOTHING if value is None else charts.score(float(value), decimals)


@register.filter
def risk_class(value: float | None) -> str:
    """The CSS class of a risk on the ten-step scale: risk-0 … risk-9, or risk-none."""
    return "risk-none" if value is None else f"risk-{max(0, min(9, int(float(value) // 10)))}"


@register.filter
def percent(share: float | None) -> str:
    """A share from 0 to 1 as a whole percentage. More than nothing is at least "<1 %"; no break inside."""
    if share is None:
        return NOTHING
    if 0 < share < 0.005:
        return "<1\u00a0%"
    return f"{round(share * 100)}\u00a0%"


@register.filter
def count(value: int | None) -> str:
    """A number of things with thousands separators."""
    return NOTHING if value is None else _count(value, get_language())


@lru_cache(maxsize=4096, typed=True)  # tables are full of the same small numbers; 1.0 is not 1
def _count(value: int, _language: str | None) -> str:
    return number_format(value, force_grouping=True)


@register.simple_tag
def risk_range(low: float | None, high: float | None, class_id: str | None = None) -> str:
    """ "43–80": the range that is certain to hold the risk; one number where nothing is unknown, none where the class
    (`class_id`) is a gate."""
    if class_id == "prohibited" or low is None or high is None:
        return NOTHING
    ends = charts.score(float(low)), charts.score(float(high))
    return ends[0] if ends[0] == ends[1] else f"{ends[0]}{DASH}{ends[1]}"


@register.simple_tag
def share_range(low: float | None, high: float | None) -> str:
    """ "48–54 %": two shares from 0 to 1 as percentages, on one line; one where they round to the same."""
    if low is None or high is None:
        return NOTHING
    ends = round(low * 100), round(high * 100)
    shown = str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}\u2060{DASH}\u2060{ends[1]}"
    return f"{shown}\u00a0%"


@register.simple_tag
def delta(change: float | None, *, more_is_worse: bool = True) -> str:
    """A change with an arrow and a colour that says whether it is for the worse; a dash where nothing was before."""
    if change is None:
        return NOTHING
    rounded = round(float(change))
    if rounded == 0:
        return mark_safe('<span class="delta">±0</span>')
    return _delta(rounded, (rounded > 0) == more_is_worse, get_language())


@lru_cache(maxsize=1024)
def _delta(rounded: int, worse: bool, _language: str | None) -> SafeString:
    arrow, word = ("▲", _("up")) if rounded > 0 else ("▼", _("down"))
    return format_html(
        '<span class="delta {}"><span aria-hidden="true">{}</span><span class="visually-hidden">{} </span> {}</span>',
        *("delta-worse" if worse else "delta-better", arrow, word, number_format(abs(rounded), force_grouping=True)),
    )


@register.simple_tag
def when(moment: datetime | None, empty: str = "") -> str:
    """ "2 hours ago", with the full time in the organisation's zone on hover and for machines."""
    if moment is None:
        return empty or _("never")
    language = get_language()
    full = _minute(timezone.localtime(moment).replace(second=0, microsecond=0), language)
    ago = _ago(*_age(moment, timezone.now()), language)
    shown = f'<time datetime="{moment.isoformat()}" title="{full}">{ago}</time>'
    return mark_safe(shown)  # noqa: S308 - every part is escaped; a list has one in each row


@lru_cache(maxsize=4096)
def _minute(local: datetime, _language: str | None) -> str:
    return escaped(date_format(local, "j M Y, H:i"))


def _age(moment: datetime, now: datetime) -> tuple[int, int]:
    """The age in the unit in which `timesince` tells it: whole months, or below one whole weeks, days, hours or minutes
    in seconds."""
    months = (now.year - moment.year) * 12 + now.month - moment.month
    months -= (moment.day, moment.time()) > (now.day, now.time())
    seconds = int((now - moment).total_seconds())
    if months > 0 or seconds < 0:
        return max(0, months), 0
    unit = next((unit for unit in _UNITS if seconds >= unit), 0)
    return 0, unit and seconds // unit * unit


@lru_cache(maxsize=1024)  # `timesince` takes longer than all the rest of a row
def _ago(months: int, seconds: int, _language: str | None) -> str:
    end = datetime(2000, 12, 1)  # only the difference counts
    start = end.replace(year=2000 - months // 12, month=12 - months % 12) - timedelta(seconds=seconds)
    told = timesince(start, end, depth=1)
    return escaped(_("%(time)s ago") % {"time": told} if months or seconds else _("just now"))


@register.filter
def day(value: date | None) -> str:
    """ "22 Nov 2026", never broken over two lines; a dash for none. A moment is shown in the organisation's zone."""
    if value is None:
        return NOTHING
    shown = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return _day(shown, get_language())


@lru_cache(maxsize=2048)  # lists name the same days again and again
def _day(value: date, _language: str | None) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), date_format(value, "j M Y"))


@register.filter
def tactics(found: Iterable[str]) -> str:
    """ "Privilege escalation, impact", whichever way a feed writes them: PrivilegeEscalation, privilege_escalation."""
    words = [re.sub(r"[_-]+", " ", _CAMEL.sub(" ", one)).strip().lower() for one in found]
    return ", ".join(words).capitalize()


@register.filter
def code_breaks(text: str) -> SafeString:
    """A technical name that may break after its dots, slashes and underscores, and nowhere else."""
    parts = re.split(r"(?<=[._/-])", str(text))
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts if part))


@register.filter
def tail(text: str, most: int = 40) -> SafeString:
    """The last parts of a long technical name, which tell it from others; it may break between its parts."""
    if len(text) > most:
        start = text.find("/", len(text) - most, len(text) - 1)
        text = "…" + text[start if start >= 0 else -most :]
    return code_breaks(text)


@register.filter
def tone_of(tones: dict[str, str], word: str) -> str:
    """The tone of a word among `tones`; neutral where it has none."""
    return tones.get(word, "neutral")


# Long words of column heads and where they may break: browsers without a dictionary break them anywhere or nowhere
_BREAKS = {
    "Inclusiveness": "Inclusive\u00adness",
    "Transparency": "Trans\u00adparency",
    "Accountability": "Account\u00adability",
}


@register.filter
def breakable(text: str) -> str:
    """A column head with soft hyphens in its long words."""
    return " ".join(_BREAKS.get(word, word) for word in str(text).split(" "))


@register.simple_tag
def matrix_cells(cells: Iterable[Any]) -> SafeString:
    """The cells of a row of `{% matrix %}` (governance.charts.MatrixCell): value, url, title."""
    parts: list[str] = []
    for cell in cells:
        title, shown = escaped(cell.title), score(cell.value)
        tag, href = ("a", f' href="{escaped(cell.url)}"') if cell.url and cell.value is not None else ("span", "")
        parts.append(f'<td class="{risk_class(cell.value)}"><{tag}{href} title="{title}">{shown}</{tag}></td>')
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped


# Badges


@register.simple_tag
def badge(text: object, tone: str = "neutral", icon: str = "") -> SafeString:
    """A small label. `tone`: neutral, info, good, warn, bad, accent; the text must say it without the colour."""
    picture = _icon(icon) if icon else ""
    shown = f'<span class="badge tone-{escaped(tone)}">{picture}{escaped(text)}</span>'
    return mark_safe(shown)  # noqa: S308 - every part is escaped; a list has several in each row


@register.simple_tag
def band(band_id: str | None, value: float | None = None) -> SafeString:
    """The band of a risk, with its number in front where `value` is given."""
    if not band_id:
        return format_html('<span class="badge tone-neutral">{}</span>', _("Not scored"))
    number = "" if value is None else format_html("<b>{}</b> ", charts.score(float(value)))
    return format_html('<span class="badge band-{}">{}{}</span>', band_id, number, BANDS.get(band_id, band_id))


@register.simple_tag
def risk_number(value: float | None, band_id: str | None, class_id: str | None = None) -> SafeString:
    """The number alone in its band's colour, for dense tables (the band's name is on hover and read aloud).

    A prohibited practice (`class_id`) is a gate and never a number: then it says that instead.
    """
    if class_id == "prohibited":
        return badge(_("Prohibited practice"), "bad")
    if value is None or not band_id:
        return NOTHING
    return _risk_number(charts.score(float(value)), band_id, get_language())


@lru_cache(maxsize=1024)  # dense tables hold the same ones again and again
def _risk_number(value: str, band_id: str, _language: str | None) -> SafeString:
    name = BANDS.get(band_id, band_id)
    return format_html(
        '<span class="badge band-{0} risk-number" title="{1}">{2}<span class="visually-hidden"> {1}</span></span>',
        *(band_id, name, value),
    )


@register.simple_tag
def eu_class(
    class_id: str | None, articles: object = None, possible: object = None, *, plain: bool = False
) -> SafeString:
    """The class under the EU AI Act with the deciding article, or the classes still possible; `plain`: no badge."""
    if class_id:
        name, tone = EU_CLASSES.get(class_id, (class_id.replace("_", " ").capitalize(), "neutral"))
        first = _telling(class_id, articles)
        text = f"{name} · {first}" if first else name
        return format_html("{}", text) if plain else badge(text, tone)
    names = [name.lower() for c, (name, __) in EU_CLASSES.items() if c in (possible or ())]  # type: ignore[operator]
    text, title = _("Not classified"), ""
    if names:
        title = _("Not decided yet: %(classes)s") % {"classes": _(" or ").join(names)}
        text = _("May be %(class)s") % {"class": names[0]} if len(names) < 4 else _("Not decided yet")
    # What may be prohibited is nothing to pass over; with almost every class still possible it is only not known yet
    tone = "warn" if "prohibited" in (possible or ()) and len(names) < 4 else "neutral"  # type: ignore[operator]
    classes = "text-none" if plain else f"badge tone-{tone}"
    return format_html('<span class="{}" title="{}">{}</span>', classes, title, text)


# Of all articles that fired, the one that says why: by class, the most telling beginning first
_TELLING = {
    "prohibited": ("5(",),
    "high_risk": ("Annex III ", "Annex III", "Annex I", "6("),
    "transparency": ("50(",),
    "gpai_model": ("55", "53", "51"),
    "out_of_scope": ("2(", "3("),
}


def _telling(class_id: str, articles: object) -> str:
    """ "Art. 50(1)", "Annex III 5(b)": the article that decided a class, or nothing where none did (minimal)."""
    known = articles.split(";") if isinstance(articles, str) else list(articles or ())  # type: ignore[call-overload]
    known = [str(article).strip().removeprefix("Art. ") for article in known]
    for beginning in _TELLING.get(class_id, ()):
        for article in known:
            if article.startswith(beginning):
                return article if article.startswith("Annex") else f"Art. {article}"
    return ""


@register.simple_tag
def lifecycle(state: Any) -> SafeString:
    """The life-cycle state of an application, or the state itself."""
    word = getattr(state, "lifecycle", state)
    return badge(Lifecycle(word).label, LIFECYCLE_TONES.get(word, "neutral"))


# Pictures


@lru_cache(maxsize=512, typed=True)  # typed: a safe text equals the same text that still has to be escaped
def _icon(name: str, label: str = "") -> SafeString:
    source = static("vendor/icons/icons.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#tabler-{}"></use></svg>', label, source, name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#tabler-{}"></use></svg>', source, name)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite (scripts/vendor.py lists them). Without a label it is decoration and not read aloud."""
    return _icon(name, label)


@register.simple_tag
def range_bar(
    low: float | None, high: float | None, point: float | None, band_id: str | None, label: str = ""
) -> SafeString:
    """A bar from 0 to 100: the range as a band, the shown value as a mark."""
    if low is None or high is None or point is None:
        return format_html('<span class="text-none">{}</span>', _("not scored"))
    name = f"{label}: " if label else ""
    figures = {"risk": charts.score(point), "low": charts.score(low), "high": charts.score(high)}
    return format_html(
        '<svg class="range-bar band-{}" viewBox="0 0 200 12" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="range-track" width="200" height="8" y="2" rx="4"/>'
        '<rect class="range-span" x="{}" y="2" width="{}" height="8" rx="4"/>'
        '<rect class="range-mark" x="{}" y="0" width="3" height="12" rx="1"/></svg>',
        band_id or "none",
        name + _("risk %(risk)s of 100, range %(low)s to %(high)s") % figures,
        f"{low * 2:.1f}",
        f"{max(high - low, 1.5) * 2:.1f}",
        f"{min(max(point * 2 - 1.5, 0), 197):.1f}",
    )


@register.simple_tag
def share_bar(*parts: object) -> SafeString:
    """A 100 % bar: pairs of a state (met, partial, gap, unknown, upcoming; or a band) and its amount.

    `{% share_bar "met" 4 "partial" 2 "gap" 1 %}`. What doesn't add up to anything is an empty track.
    """
    return _share_bar(parts, get_language())


@lru_cache(maxsize=2048, typed=True)
def _share_bar(parts: tuple[Any, ...], _language: str | None) -> SafeString:
    pairs = [(str(parts[i]), float(parts[i + 1] or 0)) for i in range(0, len(parts) - 1, 2)]
    total = sum(amount for __, amount in pairs)
    words = ", ".join(f"{state.replace('_', ' ')} {amount:g}" for state, amount in pairs)
    rects, x = [], 0.0
    for state, width in ((state, 200 * amount / (total or 1)) for state, amount in pairs):
        rects.append(f'<rect x="{x:.2f}" width="{width:.2f}" height="8" class="part-{escaped(state)}"/>')
        x += width
    return mark_safe(  # noqa: S308 - every part is a number or escaped; a list has a bar in each row
        '<svg class="share-bar" viewBox="0 0 200 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{escaped(words or _("nothing yet"))}">'
        f'<rect class="range-track" width="200" height="8"/>{"".join(rects)}</svg>'
    )
