"""Checks across settings, and their messages."""
