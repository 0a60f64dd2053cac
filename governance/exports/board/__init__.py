"""The board report as a file: its words (`wording`), and the PDF (`pdf`) that typst sets by `report.typ`."""
