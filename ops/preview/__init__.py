"""Previews of changes."""
