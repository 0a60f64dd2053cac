"""How days and numbers are written and read, by language: asked before Django's own formats."""
