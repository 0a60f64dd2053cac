"""Every text of a template, a form and a choice is marked for translation (docs/decisions/0030), so that a language is
a catalogue away."""

import ast
import importlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.db.models import Choices
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation.template import templatize

from governance.selectors.rules import RULES
from tests.architecture.project import STOREYS, files, name

TEMPLATES = files("*.html", "templates")
# (template, text) that only look like texts: a type of button, a tone, an icon
ALLOWED = {
    ("templates/allauth/elements/button.html", "submit"),
    ("templates/components/alert.html", "info"),
    ("templates/components/empty.html", "circle-dashed"),
}

NO_TEXT = re.compile(
    r"\{#.*?#\}|\{%\s*comment\b.*?endcomment\s*%\}|\{%\s*blocktranslate\b.*?endblocktranslate\s*%\}", re.DOTALL
)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
STRING = r"(\"[^\"]*\"|'[^']*')"
# Texts inside a tag: given to a component by keyword or by place, or put in by a filter
IN_A_TAG = [
    re.compile(rf"\b(?:title|subtitle|summary|note|hint|noun|source|period|link|words|suffix)={STRING}"),
    re.compile(rf"^\{{%\s(?!include|with)\w+\s.*?\blabel={STRING}"),
    re.compile(rf"^\{{%\s(?:badge|term|sort_header)\s{STRING}"),
    re.compile(rf"^\{{%\s(?:icon|term)\s\S+\s{STRING}"),
    re.compile(rf"\|(?:default|default_if_none|yesno|add|pluralize):{STRING}"),
]
VALUES = re.compile(r"\{%\s(?:options|if|elif|url|url_with)\s")  # what these are given is compared or sent, not shown
TEXT_ATTRIBUTES = {
    "title",
    "placeholder",
    "alt",
    "aria-label",
    "aria-description",
    "data-confirm",
    "data-label",
    "label",
}
MARKS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}  # and how many texts each takes
NO_HELP = {("EvidenceForm", "file")}  # the kinds of files that are taken, as services.file_types has them
NO_PROSE = {"script", "style", "code", "kbd", "pre", "textarea"}


def says_something(text: str) -> bool:
    """Two letters in a row are a word; an address ("?department=") is none."""
    words = re.sub(r"&#?\w+;", " ", text).strip()
    return bool(re.search(r"[^\W\d_]{2}", words)) and not re.fullmatch(r"[?&#/]\S*", words)


class Prose(HTMLParser):
    """Collects what people read: texts between tags, and attributes that are shown or read aloud."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if key in TEXT_ATTRIBUTES and value]
        if tag in NO_PROSE:
            self.silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data.strip())


def unmarked(source: str) -> list[str]:
    """The texts that no translator would ever be shown."""
    source = NO_TEXT.sub("", source)
    prose = Prose()
    prose.feed(TAG.sub(" ", source))
    prose.close()
    tags = [tag for tag in TAG.findall(source) if not VALUES.match(tag)]
    strings = [found[1:-1] for tag in tags for rule in IN_A_TAG for found in rule.findall(tag)]
    return [text for text in [*prose.found, *strings] if says_something(text)]


def messages(source: str) -> list[str]:
    """What makemessages would hand to translators."""
    calls = re.findall(r"\bn?gettext\(((?:u?'(?:[^'\\]|\\.)*',?\s*)+)", templatize(source))
    calls += re.findall(r"(?<!\w)_\(((?:\"[^\"]*\"|'[^']*'))\)", templatize(source))
    return [text for call in calls for text in ast.literal_eval(f"({call.rstrip().rstrip(',')},)")]


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_marks_every_text(path: Path) -> None:
    found = [text for text in unmarked(path.read_text(encoding="utf-8")) if (name(path), text) not in ALLOWED]
    assert found == [], "mark them: {% translate %}, {% blocktranslate %}, or _() in a tag; see CONTRIBUTING.md"


def of_python(path: Path) -> Iterator[str]:
    """The texts that are marked in a module. What is no literal can't be told to anybody."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if called in MARKS:
            for text in node.args[: MARKS[called]]:
                literal = text.value if isinstance(text, ast.Constant) else None
                assert isinstance(literal, str), f"{name(path)}:{node.lineno}: no literal, so nobody is shown it"
                yield literal


# By what name Python hands a text to a page: a keyword, or a key of a dictionary
GIVEN = {"title", "unit", "empty", "nothing", "subtitle", "note", "label"}
# Names of their own, and files that are handed on in English (docs/decisions/0030)
NOT_ON_PAGES = {"governance/web/exports.py"}


def given(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of each that is written out where a page or a chart is given it, marked or not."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            pairs = [(one.arg, one.value) for one in node.keywords]
        elif isinstance(node, ast.Dict):
            keys = [one.value if isinstance(one, ast.Constant) else None for one in node.keys]
            pairs = list(zip(keys, node.values, strict=True))
        else:
            continue
        for word, value in pairs:
            pieces = value.values if isinstance(value, ast.JoinedStr) else [value]
            written = [one.value for one in pieces if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if word in GIVEN and re.search("[a-z]{2}", "".join(written)):
                yield value.lineno, "".join(written)


def test_what_python_gives_to_a_page_is_marked() -> None:
    rooms = [path for path in files("*.py", *STOREYS) if {"web", "charts", "charts.py"} & {*path.parts}]
    assert len(rooms) > 60
    found = [f"{name(path)}:{line}: {text}" for path in rooms for line, text in given(path)]
    assert [one for one in found if one.split(":")[0] not in NOT_ON_PAGES] == [], "mark them: _()"


def subclasses(kind: type) -> Iterator[type]:
    """Those of the project itself."""
    for path in files("*.py", *STOREYS):
        if re.search(r"(Choices|Form)\):", path.read_text(encoding="utf-8")):
            importlib.import_module(name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    found: list[type] = list(kind.__subclasses__())
    for one in found:
        found += one.__subclasses__()
    return (one for one in found if one.__module__.split(".")[0] in STOREYS)


def test_every_label_of_a_choice_is_marked() -> None:
    kinds = [one for one in subclasses(Choices) if len(one)]  # type: ignore[arg-type]
    assert len(kinds) > 35
    members = [member for one in kinds for member in one]
    assert [member for member in members if not isinstance(member.label, Promise)] == [], "gettext_lazy"


def test_every_label_and_help_of_a_form_is_marked() -> None:
    fields = {
        (one.__name__, key): field
        for one in subclasses(forms.BaseForm)
        for key, field in one.base_fields.items()  # type: ignore[attr-defined]
        if not field.widget.is_hidden
    }
    assert len(fields) > 40
    plain = {where for where, field in fields.items() if not isinstance(field.label, Promise)}
    plain |= {where for where, field in fields.items() if field.help_text and not isinstance(field.help_text, Promise)}
    assert plain - NO_HELP == set(), "gettext_lazy; a field without a label takes its name, which nobody can translate"


def test_every_text_of_a_rule_of_recommendations_is_marked() -> None:
    texts = {
        (rule.key, text)
        for rule in RULES.values()
        for text in (rule.title, rule.trigger, rule.action, rule.unit, rule.counted, rule.needs[1])
    }
    texts |= {(rule.key, threshold.label) for rule in RULES.values() for threshold in rule.thresholds}
    assert len(texts) > 80
    assert {text for text in texts if not isinstance(text[1], Promise)} == set(), "gettext_lazy"
    assert [rule.key for rule in RULES.values() if rule.counted % {"n": 2} != str(rule.unit)] == []
    assert [rule.key for rule in RULES.values() if rule.counted % {"n": 1} == str(rule.unit)] == []


def test_english_is_what_is_written() -> None:
    """No catalogue of Django or a library has a word of its own for one of our texts."""
    texts = {text for path in TEMPLATES for text in messages(path.read_text(encoding="utf-8"))}
    texts |= {text for path in files("*.py", *STOREYS) for text in of_python(path)}
    assert len(texts) > 2000
    with translation.override("en"):
        assert {text: translation.gettext(text) for text in texts if translation.gettext(text) != text} == {}


@pytest.mark.parametrize(
    "source",
    [
        "<p>Some text</p>",
        "<p>{{ n }} rows</p>",
        '<a title="Some text"></a>',
        "<input {% if a %}placeholder='{{ a }} text'{% endif %}>",
        '{% card title="Some text" %}{% endcard %}',
        '{% menu icon="x" label="Some text" %}{% endmenu %}',
        '{% badge "some" "info" %}',
        '{% icon "plus" "Some text" %}',
        '{{ a|default:"nobody" }}',
        '{{ a|yesno:"Yes,No" }}',
        "row{{ n|pluralize:'is,are' }}",
    ],
)
def test_what_is_not_marked_is_seen(source: str) -> None:
    assert unmarked(source) != []


@pytest.mark.parametrize(
    "source",
    [
        '<p class="some-text">{% translate "Some text" %} · {{ name }} <code>some.code</code></p>',
        '<a title="{% blocktranslate with n=rows|count %}{{ n }} rows{% endblocktranslate %}">–</a>',
        '{% card title=_("Some text") id="some" %}{% badge _("some") "info" "icon" %}{% endcard %}{# some text #}',
        '{% comment %}<p>Some text</p>{% endcomment %}{{ a|default:_("nobody") }}{% icon "plus" _("Add") %}',
        '{% capture as url %}{% url "a:b" %}?department={{ key }}{% endcapture %}&nbsp;{{ a|date:"j M Y" }}',
        '<select>{% options acts chosen|default:"start" %}</select>{% if a|default:"none" == "none" %}–{% endif %}',
    ],
)
def test_what_needs_no_mark_is_left_alone(source: str) -> None:
    assert unmarked(source) == []
