"""The board report as a file: PDF (`pdf`) and interactive HTML (`html`), of the same `governance.selectors.board`."""
