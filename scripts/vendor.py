"""Fetch what pages need from npm into `static/vendor/`, cut it to what is used, and write its manifest.

    python scripts/vendor.py            fetch, verify, write (needs npm and a network)
    python scripts/vendor.py --check    compare what is there with MANIFEST.toml (needs neither)

A package is pinned by version *and* by the integrity hash of its archive, so that a new fetch gives the same bytes or
fails. Nothing is built; some files are cut down, each by a function below that says how.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from styles_in_use import cut

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "MANIFEST.toml"

# Icons in use; tests compare the list with the templates. An icon that is not here is not in the sprite.
# fmt: off
ICONS = (
    "adjustments-horizontal", "affiliate", "alert-triangle", "apps", "arrow-narrow-right", "arrow-right",
    "ban", "bell", "bolt", "building-bank", "calendar", "calendar-due", "chart-line", "check",
    "chevron-down", "chevron-left", "chevron-right", "chevron-up", "circle-check", "circle-dashed",
    "circle-x", "clipboard-check", "clock", "copy", "dots", "download", "edit", "external-link", "eye",
    "eye-off", "file-certificate", "file-export", "file-import", "file-text", "filter", "flag",
    "help-circle", "history", "home", "info-circle", "key", "layout-dashboard", "link", "list-check",
    "lock", "logout", "menu-2", "message-circle", "moon", "pencil", "plug", "plus", "point", "radar-2",
    "refresh", "robot", "scale", "search", "settings", "shield-check", "shield-half", "sitemap", "sparkles",
    "sun", "sun-moon", "table", "trash", "unlink", "upload", "user", "user-circle", "users", "x",
)
# Classes of the style sheet in use, here and in scripts; tests compare the list with the templates. A class that is
# not here has no rule.
CLASSES = (
    "active", "badge", "btn", "btn-danger", "btn-ghost", "btn-icon", "btn-primary", "btn-sm", "card", "chart-lg",
    "chart-sm", "d-block", "disabled", "form-check", "form-check-input", "form-check-label", "form-control",
    "form-hint", "form-label", "form-select", "grid", "icon", "input-group", "input-group-text",
    "invalid-feedback", "is-invalid", "prose", "required", "show", "skip-link", "table", "table-sm",
    "visually-hidden",
)
# fmt: on

Change = Callable[[str], str]


@dataclass(frozen=True)
class File:
    """One file of a package: where it lies in the archive, where it goes, and how it is cut (None: as it is)."""

    source: str
    target: str
    change: Change | None = None
    how: str = ""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    copyright: str
    integrity: str
    files: tuple[File, ...]


def without_source_map(text: str) -> str:
    """Drop the pointer to a source map that we don't ship; the static files manifest refuses a dangling one."""
    return re.sub(r"\n?(/\*# sourceMappingURL=\S+ \*/|//# sourceMappingURL=\S+)\s*$", "\n", text)


def styles_in_use(css: str) -> str:
    """Cut the style sheet to CLASSES: its four thousand others were most of the work of laying a page out."""
    ours = sorted([*(STATIC / "css").glob("*.css"), *(STATIC / "js").glob("*.js"), VENDOR / "plotly" / "plotly.css"])
    return cut(without_source_map(css), CLASSES, "".join(path.read_text(encoding="utf-8") for path in ours))


def icons_in_use(sprite: str) -> str:
    """Cut the sprite to ICONS."""
    found = re.findall(r'(<symbol id="tabler-([a-z0-9-]+)".*?</symbol>)', sprite, re.DOTALL)
    symbols = {name: whole for whole, name in found}
    missing = [name for name in ICONS if name not in symbols]
    if missing:
        raise SystemExit(f"no such icon in the sprite: {', '.join(missing)}")
    body = "\n".join(symbols[name].replace('stroke-width="2"', 'stroke-width="1.75"') for name in sorted(set(ICONS)))
    return f'<svg xmlns="http://www.w3.org/2000/svg"><defs>\n{body}\n</defs></svg>\n'


def plotly_rules(bundle: str) -> str:
    """The rules plotly.js would write into a <style> element, which the content policy forbids, as a stylesheet."""
    start = bundle.index('{"X,X div":')
    table = bundle[start : bundle.index("};", start)]
    rules = re.findall(r"""["']([XY][^"']*)["']:(?:"([^"]*)"|'([^']*)')""", table)
    if len(rules) < 40:
        raise SystemExit(f"plotly.js: only {len(rules)} style rules found; its bundle has changed shape")
    lines = [
        "/* Taken from the plotly.js bundle by scripts/vendor.py: the rules that it would add to the page itself. */"
    ]
    for selector, double, single in rules:
        selector = selector.replace("X", ".js-plotly-plot .plotly").replace("Y", ".plotly-notifier")
        body = (double or single).replace('"Open Sans",verdana,arial,sans-serif', "inherit")
        lines.append(f"{selector} {{ {body} }}")
    return "\n".join(lines) + "\n"


PACKAGES = (
    Package(
        "@tabler/core",
        "1.6.1",
        "MIT",
        "Copyright 2018-2026 The Tabler Authors; Copyright 2018-2026 codecalm.net Paweł Kuna",
        "sha512-lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
        (
            File(
                "dist/css/tabler.min.css",
                "tabler/tabler.min.css",
                styles_in_use,
                "cut to the classes in use",
            ),
        ),
    ),
    Package(
        "@tabler/icons-sprite",
        "3.48.0",
        "MIT",
        "Copyright (c) 2020-2026 Paweł Kuna",
        "sha512-e55W76mmXr69ub3gOy6RO8NTlT23gzjJ/khNNMyBMvQT8XdTc1LAa48k542dX71oqlXv9dDq04BjTsZAWg37iA==",
        (
            File(
                "dist/tabler-sprite.svg",
                "icons/icons.svg",
                icons_in_use,
                "cut to the icons in use",
            ),
            File("LICENSE", "icons/LICENSE.txt"),
        ),
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "Copyright 2016 The Inter Project Authors",
        "sha512-OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        (
            File("files/inter-latin-wght-normal.woff2", "inter/inter-latin.woff2"),
            File("files/inter-latin-ext-wght-normal.woff2", "inter/inter-latin-ext.woff2"),
            File("LICENSE", "inter/LICENSE.txt"),
        ),
    ),
    Package(
        "htmx.org",
        "2.0.11",
        "0BSD",
        "The htmx authors",
        "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        (
            File("dist/htmx.min.js", "htmx/htmx.min.js"),
            File("LICENSE", "htmx/LICENSE.txt"),
        ),
    ),
    Package(
        "plotly.js-basic-dist-min",
        "4.1.1",
        "MIT",
        "Copyright 2012-2026, Plotly, Inc.",
        "sha512-1oNF8PeQx2hv/y7tqEVWKD3JGwn/MGEMQ8mL9HUwsaqG9FGy/OU5FHUHvzqbqxN4mnwZGI9abTiE775C4kkjMQ==",
        (
            File("plotly-basic.min.js", "plotly/plotly-basic.min.js"),
            File(
                "plotly-basic.min.js",
                "plotly/plotly.css",
                plotly_rules,
                "style rules of the bundle",
            ),
            File("LICENSE", "plotly/LICENSE.txt"),
        ),
    ),
)


def fetch(package: Package, folder: Path) -> tarfile.TarFile:
    """The package's archive, whose hash is the pinned one. SystemExit says what differs."""
    wanted = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", "--silent", wanted],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"npm pack {wanted} failed: {done.stderr.strip() or done.stdout.strip()}")
    archive = folder / done.stdout.strip().splitlines()[-1]
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise SystemExit(f"{wanted}: the archive's integrity is {found}, pinned is {package.integrity}")
    return tarfile.open(archive)


def write(package: Package, archive: tarfile.TarFile) -> None:
    for file in package.files:
        member = archive.extractfile(f"package/{file.source}")
        if member is None:
            raise SystemExit(f"{package.name}: {file.source} is not a file of the archive")
        content = member.read()
        if file.change:
            content = file.change(content.decode()).encode()
        target = VENDOR / file.target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest() -> str:
    """MANIFEST.toml for the files as they are now."""
    lines = ["# Written by scripts/vendor.py. What is vendored, from where, under which licence, and its exact bytes."]
    for package in PACKAGES:
        lines += ["", "[[package]]"]
        for key in ("name", "version", "licence", "copyright", "integrity"):
            lines.append(f'{key} = "{getattr(package, key)}"')
        lines.append(f'source = "npm:{package.name}@{package.version}"')
        for file in package.files:
            lines += [
                "",
                "[[package.file]]",
                f'path = "{file.target}"',
                f'source = "{file.source}"',
            ]
            if file.how:
                lines.append(f'changed = "{file.how}"')
            lines.append(f'sha256 = "{sha256(VENDOR / file.target)}"')
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Vendor the pages' libraries.")
    parser.add_argument("--check", action="store_true", help="compare with MANIFEST.toml, fetch nothing")
    if not parser.parse_args().check:
        for package in PACKAGES:
            with (
                tempfile.TemporaryDirectory() as folder,
                fetch(package, Path(folder)) as archive,
            ):
                write(package, archive)
            print(f"{package.name} {package.version}", file=sys.stderr)
        MANIFEST.write_text(manifest(), encoding="utf-8")
        return 0
    known = {VENDOR / file.target for package in PACKAGES for file in package.files} | {MANIFEST}
    strangers = [path for path in VENDOR.rglob("*") if path.is_file() and path not in known]
    missing = [path for path in known if not path.exists()]
    if strangers or missing or MANIFEST.read_text(encoding="utf-8") != manifest():
        for path in strangers:
            print(f"not in the manifest: {path.relative_to(VENDOR)}", file=sys.stderr)
        for path in missing:
            print(f"missing: {path.relative_to(VENDOR)}", file=sys.stderr)
        print(
            "static/vendor differs from its manifest; run `make vendor`",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
