"""The board report as a file: its words (`wording`), the PDF (`pdf`) that typst sets by `report.typ`, and the
interactive file (`html`)."""
