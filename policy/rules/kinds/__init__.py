"""Pulumi's type tokens of the resources that rules and commands know, by provider."""
