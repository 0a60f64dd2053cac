"""The demo: an invented bank with a year behind it. YAML tells the story, these modules write it into the tables."""
