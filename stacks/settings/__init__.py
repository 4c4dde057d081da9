"""The models of a stack's settings."""
