"""Who may do what with which secret, as a stack's resources say: roles and policies, identities and assignments."""

from .everything import Grants, granted, grants
from .grant import Grant, Granted, Step

__all__ = ["Grant", "Granted", "Grants", "Step", "granted", "grants"]
