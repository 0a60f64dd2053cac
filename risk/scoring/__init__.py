"""The judge: pure functions from stated facts to scores, classes and coverage. No Django, no files, no clock."""
