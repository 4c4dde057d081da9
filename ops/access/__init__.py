"""Who can read what in a stack: a report, and how it is told."""
