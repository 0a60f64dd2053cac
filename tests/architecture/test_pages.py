"""Templates and scripts live under the content policy without exceptions: nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from tests.architecture.project import PROJECT, files, name

TEMPLATES = files("*.html", "templates")
SCRIPTS = [path for path in files("*.js", "static") if "vendor" not in path.parts]
STYLES = [path for path in files("*.css", "static") if "vendor" not in path.parts]

COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}|<!--.*?-->", re.DOTALL)
# What it looks like, and what to do instead.
FORBIDDEN_IN_TEMPLATES = {
    r"<script(?![^>]*\bsrc=)": "put scripts into static/js, and data into json_script",
    r"<style\b": "put styles into static/css",
    r"\sstyle\s*=": "use a class, <meter>, <progress> or an SVG attribute",
    r"\son[a-z]+\s*=\s*[\"']": "listen in static/js",
    r"javascript:": "listen in static/js",
    r"\|\s*safe\b|\bautoescape\s+off\b|\|\s*safeseq\b": "let Django escape; a tag of our own may build trusted markup",
    r"(?:src|href|action|srcset|poster|hx-[a-z-]+)\s*=\s*[\"'](?:https?:)?//": "vendor it: pages ask no other host",
}
# A mail is no page: no policy holds there, and mail programs know no style sheets
IN_MAILS = [rule for rule in FORBIDDEN_IN_TEMPLATES if "style" not in rule]
FORBIDDEN_IN_SCRIPTS = {
    r"\beval\s*\(|new\s+Function\s*\(": "the content policy forbids building code from text",
    r"\.(?:inner|outer)HTML\s*=(?!=)|insertAdjacentHTML|document\.write": "build elements, or set textContent",
    r"\.style\.cssText|setAttribute\(\s*[\"']style": "the content policy forbids style attributes: use a class",
    r"[\"'`](?:https?:)?//(?!www\.w3\.org/)": "pages ask no other host",
}
FORBIDDEN_IN_STYLES = {
    r"@import|url\(\s*[\"']?(?:https?:)?//": "vendor it: pages ask no other host",
}


def _offences(path: Path, forbidden: dict[str, str]) -> list[str]:
    text = path.read_text(encoding="utf-8")
    text = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text) if path.suffix == ".html" else text
    return [
        f"{name(path)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()!r}: {mend}"
        for pattern, mend in forbidden.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(path: Path) -> None:
    rules = IN_MAILS if path.parent.name == "mail" else FORBIDDEN_IN_TEMPLATES
    assert _offences(path, {rule: FORBIDDEN_IN_TEMPLATES[rule] for rule in rules}) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_builds_no_code_and_no_markup_from_text(path: Path) -> None:
    assert _offences(path, FORBIDDEN_IN_SCRIPTS) == []


@pytest.mark.parametrize("path", STYLES, ids=name)
def test_a_style_sheet_loads_nothing_from_elsewhere(path: Path) -> None:
    assert _offences(path, FORBIDDEN_IN_STYLES) == []


def test_the_rules_see_what_they_forbid(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<script>1</script><style></style><p style="x" onclick="y">{{ a|safe }}</p>'
        '<a href="javascript:1"><img src="//elsewhere.example/x.png">{# <script>fine</script> #}'
    )
    found = [re.search(pattern, bad.read_text()) is not None for pattern in FORBIDDEN_IN_TEMPLATES]
    assert all(found)


def test_the_policy_has_no_exceptions(settings) -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    allowed = {source for sources in directives.values() for source in sources}
    assert allowed <= {"'none'", "'self'", "data:"}
    assert list(directives["default-src"]) == ["'none'"]
    assert list(directives["script-src"]) == ["'self'"]
    assert (PROJECT / "templates" / "base.html").exists()
