"""Figures of the pages *Analytics*: more of use, of risk, of threats and of evidence than the overview has room for.
All of roll-ups or of the present scores, as of the end of a day."""
