"""The engine, its stacks and their state."""
