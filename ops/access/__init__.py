"""Reports of who can read what in a stack, in several formats."""
