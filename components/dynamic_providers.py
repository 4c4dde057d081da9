"""The providers of dynamic resources, by names that outlive any change of the modules.

The state of a dynamic resource refers to its provider by the module and the name of what makes it, and a later run
loads it from there. That is `load_provider`, in this module, whatever module has the provider today.
(Pulumi docs: "Dynamic resource providers")
"""

import sys
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from pulumi.dynamic import ResourceProvider

_MODULES = {
    "azure-access": ".azure.access_gate",
    "azure-certificate": ".azure.certificate",
    "rotation-period": ".rotation_period",
    "vault-bootstrap": ".vault.bootstrap.component",
}
"""Where each provider is today, as the class `Provider`; states keep the names."""

_FORMER_MODULES = {
    "components.azure.certificate": "azure-certificate",
    "components.azure.readiness": "azure-access",
    "components.vault.bootstrap": "vault-bootstrap",
}
"""Modules that states of earlier versions name, each with a class `_Provider`."""


class StableProvider(ResourceProvider):
    """A provider that a state keeps by a name."""

    serialize_as_secret_always = False
    stable_name: ClassVar[str]

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how it is loaded again."""
        return load_provider, (self.stable_name,)


def load_provider(name: str) -> StableProvider:
    """Make the provider that a state keeps as `name`."""
    made: StableProvider = import_module(_MODULES[name], __package__).Provider()
    return made


def register_former_modules() -> None:
    """Make the providers importable as states of earlier versions name them."""
    for module, name in _FORMER_MODULES.items():
        former = ModuleType(module)
        former.__dict__["__getattr__"] = partial(_load_former, name)
        sys.modules[module] = former


def _load_former(name: str, attribute: str) -> type[StableProvider]:
    if attribute != "_Provider":
        raise AttributeError(attribute)
    return type(load_provider(name))
