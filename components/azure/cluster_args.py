"""What an AKS cluster may be: known without loading a provider."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from ..args import Args
from ..field_types import ListOf, Switch, Whole, require_match
from ..rotation import PollInterval
from .types import Region, SubnetId

_AKS = "is not a legal name of a cluster: use 1 to 63 letters, digits, '-' and '_', with a letter or digit at both ends"
_VERSION = 'is not a version of Kubernetes\': write it in quotes, e.g. "1.33" or "1.33.2"'
_SIZE = "is not a size of machines: write it as Azure does, e.g. Standard_D4s_v5 (az vm list-sizes)"

ClusterName = Annotated[str, require_match(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?", _AKS)]
"""An AKS cluster's name."""


class ClusterShape(Args):
    """What a cluster is made of."""

    location: Region | None = None
    """Its region; the resource group's, if omitted."""

    kubernetes_version: Annotated[str, require_match(r"1\.[0-9]{1,3}(\.[0-9]{1,3})?", _VERSION)] | None = None
    """Its version; the region's default, if omitted."""

    nodes: Annotated[Whole, Field(ge=1, le=1000)] = 3
    """How many nodes its system pool has."""

    vm_size: Annotated[str, require_match(r"[A-Za-z0-9]+(_[A-Za-z0-9-]+)+", _SIZE)] = "Standard_D4s_v5"
    """The size of its nodes."""

    zones: ListOf[Literal["1", "2", "3"]] = ("1", "2", "3")
    """The availability zones that they are spread over."""

    subnet_id: SubnetId | None = None
    """The subnet that its nodes are in; a network of its own, if omitted."""


class NewCluster(ClusterShape):
    """A cluster that the stack makes."""

    addon: Switch = True
    """Whether it has the Key Vault add-on: the driver and Azure's provider, kept up to date by AKS."""

    rotation_poll_interval: PollInterval = "2m"
    """How old a mounted secret may be before the add-on reads it again, as a Go duration of at most 2m."""

    tags: Mapping[str, str] | None = None
    """Its tags."""
