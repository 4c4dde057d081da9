"""Helm charts, and their releases."""
