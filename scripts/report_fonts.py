"""Write the fonts of the printed reports, `governance/exports/board/fonts/`, from Inter (needs fonttools, brotli).

    python scripts/report_fonts.py

typst takes static TrueType files only, so the variable font is fixed at two weights, once for each of its subsets: the
report names both families one after the other. `coverage.txt` lists the characters that they can draw between them;
a report that must be accessible may not hold any other.
"""

from __future__ import annotations

import shutil
from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

PROJECT = Path(__file__).resolve().parent.parent
SOURCE, TARGET = PROJECT / "static" / "vendor" / "inter", PROJECT / "governance" / "exports" / "board" / "fonts"
FAMILIES = (("inter-latin", "Inter"), ("inter-latin-ext", "Inter Ext"))
WEIGHTS = ((400, "Regular"), (600, "SemiBold"))


def named(font: TTFont, family: str, weight: int, style: str) -> None:
    """Give a font the family and the weight by which a report asks for it."""
    names = font["name"]
    for record in list(names.names):
        if record.nameID in {16, 17, 21, 22, 25}:
            names.removeNames(nameID=record.nameID)
    for place, text in ((1, family), (2, style), (4, f"{family} {style}"), (6, f"{family}-{style}".replace(" ", ""))):
        names.setName(text, place, 3, 1, 0x409)
    names.setName(family, 16, 3, 1, 0x409)
    names.setName(style, 17, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight


def ranges(characters: set[int]) -> list[str]:
    """Code points as hexadecimal ranges."""
    runs = groupby(enumerate(sorted(characters)), lambda pair: pair[1] - pair[0])
    found = [[code for _, code in run] for _, run in runs]
    return [f"{run[0]:04x}-{run[-1]:04x}" for run in found]


def main() -> None:
    covered: set[int] = set()
    for stem, family in FAMILIES:
        for weight, style in WEIGHTS:
            font = TTFont(SOURCE / f"{stem}.woff2", recalcTimestamp=False)
            font.flavor = None
            font = instantiateVariableFont(font, {"wght": weight, **({"opsz": 14} if _has(font, "opsz") else {})})
            named(font, family, weight, style)
            font.save(TARGET / f"{stem}-{weight}.ttf", reorderTables=None)
            covered |= set(font.getBestCmap())
    (TARGET / "coverage.txt").write_text("\n".join(ranges(covered)) + "\n", encoding="ascii")
    shutil.copyfile(SOURCE / "LICENSE.txt", TARGET / "LICENSE.txt")


def _has(font: TTFont, axis: str) -> bool:
    return any(one.axisTag == axis for one in font["fvar"].axes)


if __name__ == "__main__":
    main()
