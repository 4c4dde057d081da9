"""Vault's auth methods."""
