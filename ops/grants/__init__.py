"""Grants of a stack's resources: roles and policies, identities and assignments."""

from .everything import Grants, describe_grants, list_granted
from .grant import Grant, Granted, Step

__all__ = ["Grant", "Granted", "Grants", "Step", "describe_grants", "list_granted"]
