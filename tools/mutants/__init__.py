"""A mutation campaign: change one place of a rule or a kernel, run the tests that reach it, see whether one fails."""
