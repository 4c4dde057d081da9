"""The provider: it makes components for programs in other languages."""

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, Provider, main
from pulumi.provider.server import ComponentInitError
from pulumi.runtime.rpc import ResourceModule, register_resource_module

from .catalogue import PACKAGE, Catalogue, format_token
from .schema import build_schema
from .shapes import Issues, build_model, read_fields

VERSION = "0.1.0"


class ComponentProvider(Provider):
    """Makes every public component.

    A component may be an input of another: the engine hands over a reference, and the component that this provider made
    takes its place.
    """

    def __init__(self) -> None:
        package = import_module(__name__.rpartition(".plugin.")[0])
        public: dict[str, Any] = {}
        self._missing: dict[str, str] = {}
        for name in package.__all__:
            try:
                public[name] = getattr(package, name)
            except package.MissingExtraError as error:
                # Who uses Vault alone needs neither the packages nor the plugin of Azure.
                self._missing[format_token(name)] = str(error)
        self._catalogue = Catalogue(public)
        self.made: dict[str, pulumi.ComponentResource] = {}
        """What was made, by URN."""

        super().__init__(VERSION, json.dumps(build_schema(self._catalogue, VERSION)))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component.

        :raises InputPropertiesError: With everything that is wrong with its inputs.
        """
        if resource_type in self._missing:
            raise ComponentInitError(ImportError(self._missing[resource_type]))
        component = self._catalogue.components[resource_type]
        issues: Issues = []
        arguments: dict[str, Any] = read_fields(component.inputs, inputs, "", issues)
        if component.args and not issues:
            arguments = {"args": build_model(component.args, component.inputs, arguments, "", issues)}
        if issues:
            raise InputPropertiesError(f"{component.cls.__name__} {name!r} can't be made", issues)
        try:
            made = component.cls(name=name, **arguments, opts=options)  # pyright: ignore[reportCallIssue]
        except Exception as error:
            raise ComponentInitError(error) from error
        outputs = {key: getattr(made, output.name) for key, output in component.outputs.items()}
        secret = {key: pulumi.Output.secret(outputs[key]) for key, output in component.outputs.items() if output.secret}
        return ConstructResult(made.urn.apply(lambda urn: self._keep(urn, made)), outputs | secret)

    def _keep(self, urn: str, made: pulumi.ComponentResource) -> str:
        self.made[urn] = made
        return urn


class _Made(ResourceModule):
    """Finds the component that a reference stands for."""

    def __init__(self, made: Mapping[str, pulumi.ComponentResource]) -> None:
        self._made = made

    def version(self) -> Any:
        return None

    def construct(self, name: str, typ: str, urn: str) -> pulumi.Resource:
        found = self._made.get(urn)
        if found is None:
            raise pulumi.RunError(
                f"{typ} {name!r} was made by another provider than the component that uses it: give both the same"
            )
        return found


def serve() -> None:
    """Serve the components to the engine that started this process."""
    provider = ComponentProvider()
    register_resource_module(PACKAGE, "index", _Made(provider.made))
    main(provider, sys.argv[1:])
