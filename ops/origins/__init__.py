"""Origins of what an interrupted update was creating: the stack, another maker, or none."""
