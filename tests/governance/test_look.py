"""The look keeps its promises: contrast, both themes complete, icons in the sprite, vendored files as listed."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CSS = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8")
_DARK = CSS.index('[data-bs-theme="dark"]')
_SIZES = CSS.index(":root {\n  --hub-font")
THEMES = {
    "light": dict(re.findall(r"--hub-([a-z0-9-]+):\s*([^;]+);", CSS[:_DARK])),
    "dark": dict(re.findall(r"--hub-([a-z0-9-]+):\s*([^;]+);", CSS[_DARK:_SIZES])),
}

SURFACES = ("page", "surface", "surface-2", "surface-3")
TONES = ("good", "warn", "bad", "accent", "neutral", "band-low", "band-moderate", "band-high", "band-critical")
TEXT = [
    *((ink, surface) for ink in ("text", "text-2", "text-3") for surface in SURFACES),
    *((ink, "surface") for ink in ("primary", "primary-strong", "chart-text", *TONES)),
    *((tone, f"{tone}-soft") for tone in TONES),
    ("primary-strong", "primary-soft"),
    ("primary", "page"),
    ("on-primary", "primary"),
    ("on-primary", "primary-strong"),
    *(("risk-ink", f"risk-{n}") for n in range(9)),
    ("risk-ink-strong", "risk-9"),
    ("text-3", "risk-none"),
]
SHAPES = [f"series-{n}" for n in range(1, 6)] + ["state-met", "state-gap", "primary", "up", "down"]


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_both_themes_name_the_same_colours():
    assert set(THEMES["light"]) == set(THEMES["dark"])


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable(theme):
    """WCAG 2.2 AA, 1.4.3: 4.5 to 1 for text."""
    tokens = THEMES[theme]
    poor = {f"{ink} on {on}": round(contrast(tokens[ink], tokens[on]), 2) for ink, on in TEXT}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_lines_and_bars_stand_out(theme):
    """WCAG 2.2 AA, 1.4.11: 3 to 1 for what must be seen; what is paler has a pattern, a text or a table beside it."""
    tokens = THEMES[theme]
    poor = {shape: round(contrast(tokens[shape], tokens["surface"]), 2) for shape in SHAPES}
    assert {shape: ratio for shape, ratio in poor.items() if ratio < 3} == {}


def test_every_token_in_use_exists():
    known = set(re.findall(r"(--hub-[a-z0-9-]+):", CSS))
    for path in (ROOT / "static/css").glob("*.css"):
        used = set(re.findall(r"var\((--hub-[a-z0-9-]+)\)", path.read_text(encoding="utf-8")))
        assert used <= known, f"{path.name}: {used - known}"


def vendor_script():
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "scripts/vendor.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["vendor"] = module
    sys.path.insert(0, str(ROOT / "scripts"))  # as it stands for who runs it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


def test_every_icon_in_use_is_in_the_sprite():
    known = set(vendor_script().ICONS)
    sources = [*(ROOT / "templates").rglob("*.html"), ROOT / "governance/web/context.py"]
    for path in sources:
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r'{% icon "([a-z0-9-]+)"', text)) | set(re.findall(r'\bicon="([a-z0-9-]+)"', text))
        used |= set(re.findall(r'Entry\("[^"]+", "([a-z0-9-]+)"', text))
        used -= {"name"}  # the example in the comments
        assert used <= known, f"{path.name}: {used - known} not in scripts/vendor.py"


# Names by which scripts and tests find something, and which have no look of their own
UNSTYLED = {
    *("advice-action", "chart-card", "chart-file-failed", "choices-yes_no", "field-check", "field-choices"),
    *("file-contents", "file-department", "file-list", "file-path", "file-shell", "matrix-scroll"),
    *("no-inline-styles", "span-12"),
}


def test_every_class_in_use_is_in_a_style_sheet():
    sheets = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "static/css").glob("*.css"))
    known = {*re.findall(r"\.([a-zA-Z][\w-]*)", sheets), *vendor_script().CLASSES, *UNSTYLED}
    for path in (ROOT / "templates").rglob("*.html"):
        for given in re.findall(r'\bclass="((?:{%.*?%}|{{.*?}}|[^"])*)"', path.read_text(encoding="utf-8")):
            said = re.sub(r"\S*{{.*?}}\S*", " ", re.sub(r"{%.*?%}", " ", given))
            used = {name for name in said.split() if not name.endswith("-")}
            assert used <= known, f"{path.name}: {used - known} are not in scripts/vendor.py"


def test_every_variable_in_use_is_in_a_style_sheet():
    """Also those of Tabler, which are cut to what was in use when it was vendored."""
    sheets = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "static").rglob("*.css"))
    plain = set(re.findall(r"var\(\s*(--[\w-]+)\s*\)", sheets))
    assert plain - set(re.findall(r"(--[\w-]+)\s*:", sheets)) == set()


def test_a_style_sheet_is_cut_to_what_can_match():
    sheet = """@charset "UTF-8";:root{--a:1px;--b:var(--a);--gone:url("x;}y")}.btn,.gone,a:hover{margin:var(--b)}
    .gone .btn{top:0}.btn:not(.gone){left:0}:is(.gone,.btn) p{right:0}:is(.gone,.went) p{right:1px}
    @media print{.gone{top:0}.btn{animation:turn 1s}}@media screen{.gone{top:0}}
    @keyframes turn{to{top:1px}}@keyframes gone{to{top:2px}}"""
    assert vendor_script().cut(sheet, {"btn"}) == (
        '@charset "UTF-8";:root{--a:1px;--b:var(--a)}.btn,a:hover{margin:var(--b)}'
        ".btn:not(.gone){left:0}:is(.gone,.btn) p{right:0}"
        "@media print{.btn{animation:turn 1s}}@keyframes turn{to{top:1px}}"
    )


def test_vendored_files_are_those_of_the_manifest():
    vendor = vendor_script()
    assert vendor.MANIFEST.read_text(encoding="utf-8") == vendor.manifest()


def test_the_content_policy_holds_in_every_template():
    forbidden = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)", re.IGNORECASE)
    for path in (ROOT / "templates").rglob("*.html"):
        if path.parent.name == "mail":  # no page: no policy holds in a mail, and mail programs know no style sheets
            continue
        markup = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        markup = re.sub(r"{%.*?%}", "", markup, flags=re.DOTALL)  # {% with one=… %} is no attribute
        assert not forbidden.search(markup), path.name
