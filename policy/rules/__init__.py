"""Rules on the resources that a program declares."""

from . import azure, grants, kubernetes, vault
from .rule import UNKNOWN, Declared, Finding, ResourceRule, Rule, StackRule

__all__ = ["RULES", "UNKNOWN", "Declared", "Finding", "ResourceRule", "Rule", "StackRule"]

RULES: tuple[ResourceRule | StackRule, ...] = (*azure.RULES, *vault.RULES, *kubernetes.RULES, *grants.RULES)
"""All rules."""
