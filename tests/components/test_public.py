"""The public surface: whatever a public signature names is public itself."""

import inspect
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pulumi
import pytest
from pydantic import BaseModel

import strongroom

CLASSES = [item for name in strongroom.__all__ if isinstance(item := getattr(strongroom, name), type)]


def list_annotations(cls: type) -> dict[str, Any]:
    """List the annotations of outputs, of fields and of the constructor."""
    if issubclass(cls, BaseModel):
        return {name: field.annotation for name, field in cls.model_fields.items()}
    found: dict[str, Any] = {}
    for each in cls.__mro__:
        if each.__module__.startswith("strongroom."):
            found |= inspect.get_annotations(each)
    if "__init__" in vars(cls):
        # The SDK's Input[…] holds a text that names Output[T].
        found |= get_type_hints(cls.__init__, localns={"Output": pulumi.Output, "T": Any})
    return {name: annotation for name, annotation in found.items() if not name.startswith("_")}


def list_classes(annotation: Any) -> Iterator[type]:
    arguments = get_args(annotation)
    if isinstance(annotation, type) and not arguments:
        yield annotation
    for argument in arguments:
        yield from list_classes(argument)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_whatever_a_public_signature_names_is_public(cls: type) -> None:
    own = {
        (name, each.__name__)
        for name, annotation in list_annotations(cls).items()
        for each in list_classes(annotation)
        if each.__module__.startswith("strongroom.") and each not in CLASSES
    }

    assert own == set()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_component_takes_its_name_then_one_model_then_options(cls: type) -> None:
    if not issubclass(cls, pulumi.Resource):
        return
    _, _, *parameters = inspect.signature(cls.__init__).parameters.values()

    assert [each.name for each in parameters] == ["args", "opts"]
    args = get_type_hints(cls.__init__, localns={"Output": pulumi.Output, "T": Any})["args"]
    assert args.__name__ in strongroom.__all__
    assert issubclass(args, BaseModel)
