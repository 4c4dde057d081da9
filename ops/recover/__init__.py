"""Recovery of a stack after an engine was killed."""
