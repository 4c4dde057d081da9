"""Who made what an interrupted update was creating: the stack, somebody else, or nobody yet."""
