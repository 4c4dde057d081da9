"""What a user declares of an object whose pods get a workload's secrets."""

from typing import Annotated, Literal

from pydantic import Field

from .field_types import Declaration, DnsLabel, ListOf, require_match
from .validators import require_unique


class Attachment(Declaration):
    """An object in the workload's namespace that others made: its pods get the workload's secrets."""

    kind: Literal["Deployment", "StatefulSet", "DaemonSet", "CronJob"]
    """The object's kind."""

    name: Annotated[
        str,
        require_match(
            r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?",
            "is not a legal Kubernetes name: use 1 to 253 lower-case letters, digits, '-' and '.', "
            "with a letter or digit at both ends",
        ),
    ]
    """The object's name."""

    containers: Annotated[ListOf[DnsLabel], Field(min_length=1), require_unique(what="the name")]
    """The containers that read the secrets. They get the mount and the environment."""
