"""Charts of the facts, and what all charts of all storeys share (`base`)."""
