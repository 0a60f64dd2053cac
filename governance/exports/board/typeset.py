"""Sets a board report: its JSON on standard input, the PDF on standard output. A program of its own, because typst
keeps what it worked out until its process ends, two megabytes a page, which a worker would never get back."""

import sys
from pathlib import Path

import typst

_HERE = Path(__file__).parent


def main() -> None:
    made = typst.compile(
        _HERE / "report.typ",
        root=_HERE,
        font_paths=[_HERE / "fonts"],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"board": sys.stdin.buffer.read().decode()},
        pdf_standards="ua-1",
        timestamp=int(sys.argv[1]),
    )
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
