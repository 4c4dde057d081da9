"""What a stack may say, and what becomes of it."""
