"""Schema of the package (Pulumi docs: "Pulumi Package Schema")."""

import json
from collections.abc import Mapping
from typing import Any

from .catalogue import PACKAGE, Catalogue
from .shapes import Choice, Field, Fields


def build_schema(catalogue: Catalogue, version: str) -> dict[str, Any]:
    """Build the schema of everything in `catalogue`."""
    return {
        "name": PACKAGE,
        "displayName": "Strongroom",
        "version": version,
        "description": "Takes a secret from Azure Key Vault or HashiCorp Vault to the Kubernetes pod that needs it.",
        "keywords": ["pulumi", "category/infrastructure", "kind/component"],
        "license": "Apache-2.0",
        "language": {"nodejs": {"respectSchemaVersion": True}, "python": {"respectSchemaVersion": True}},
        "types": {token: _build_type(each) for token, each in sorted(catalogue.types.items())},
        "resources": {
            token: {
                "isComponent": True,
                "description": component.description,
                "inputProperties": _build_inputs(component.inputs),
                "requiredInputs": _list_required(component.inputs),
                "properties": {name: _build_property(each) for name, each in component.outputs.items()},
                "required": _list_required(component.outputs),
            }
            for token, component in sorted(catalogue.components.items())
        },
    }


def _build_type(each: Fields | Choice) -> dict[str, Any]:
    if isinstance(each, Choice):
        return {"type": "string", "description": each.description, "enum": [{"value": word} for word in each.words]}
    constant = {
        name: {"type": "string", "const": word, "plain": True, "description": "What it is."}
        for name, word in each.constant.items()
    }
    return {
        "type": "object",
        "description": each.description,
        "properties": {
            **constant,
            **{name: _describe_default(each) for name, each in _build_inputs(each.fields).items()},
        },
        "required": [*constant, *_list_required(each.fields)],
    }


def _describe_default(specification: dict[str, Any]) -> dict[str, Any]:
    """Move a default into the description: for an object that has one, SDKs hand on an output instead of the object.

    A component has to know such an object, and applies the default itself.
    """
    default = specification.pop("default", None)
    if default is not None:
        specification["description"] += f" Defaults to `{json.dumps(default)}`."
    return specification


def _build_inputs(fields: Mapping[str, Field]) -> dict[str, Any]:
    return {
        name: _build_property(each) | ({"plain": True} if each.shape.plain else {}) for name, each in fields.items()
    }


def _build_property(each: Field) -> dict[str, Any]:
    texts = each.shape.build_spec() | {"description": each.description}
    if each.default is not None:
        texts["default"] = each.default
    if each.secret:
        texts["secret"] = True
    return texts


def _list_required(fields: Mapping[str, Field]) -> list[str]:
    return [name for name, each in fields.items() if each.required]
