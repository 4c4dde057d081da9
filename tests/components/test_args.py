"""Arguments of components: their checks, and what stands for them in other languages."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import pulumi
import pytest
from pulumi.errors import InputPropertiesError

from strongroom.components.args import Args, Input
from strongroom.components.errors import InvalidArgumentsError, StrongroomError
from strongroom.components.field_types import SECRET, Declaration, DnsLabel, Whole
from strongroom.components.kubernetes.csi_driver import SecretsStoreCsiDriver
from strongroom.components.plugin.catalogue import Catalogue
from strongroom.components.plugin.provider import ComponentProvider
from tests.support.recording import Declare

CANARY = "canary-5f1e"


class Door(Declaration):
    """A part of the arguments."""

    host_name: DnsLabel
    """Its name."""


class HouseArgs(Args):
    """The arguments of a `House`."""

    host_name: Input[DnsLabel]
    """Its name."""

    rooms: Whole = 3
    """How many rooms it has."""

    doors: Sequence[Door] = ()
    """Its doors."""

    keys: Annotated[Mapping[str, Input[str]], SECRET] = {}
    """What opens it."""

    driver: SecretsStoreCsiDriver | None = None
    """A component."""

    after: Sequence[pulumi.Resource] = ()
    """What must exist before."""


class House(pulumi.ComponentResource):
    """A component."""

    def __init__(self, name: str, args: HouseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strongroom:index:House", name, None, opts)


def test_all_that_is_wrong_is_reported_by_pythons_names_and_without_secrets() -> None:
    with pytest.raises(InvalidArgumentsError) as refused:
        HouseArgs(host_name="A_", doors=[Door(host_name="a"), {"host_name": "_"}], keys={"db": 7, CANARY: {}})  # pyright: ignore
    assert isinstance(refused.value, StrongroomError)
    first, *problems = str(refused.value).split("\n  ")

    assert first == "HouseArgs has invalid arguments:"
    assert [each.partition(" is not a")[0] for each in problems[:2]] == ["host_name: 'A_'", "doors[1].host_name: '_'"]
    assert problems[2] == "keys['db']: Input should be a valid string"
    assert len(problems) == 4


def test_a_secret_is_not_in_a_representation() -> None:
    args = HouseArgs(host_name="a", keys={"db": CANARY})

    assert "host_name='a'" in repr(args)
    assert CANARY not in repr(args)


def test_an_output_is_passed_on_and_not_checked(declare: Declare) -> None:
    found: list[HouseArgs] = []
    name = pulumi.Output.from_input("A_")

    declare(lambda: found.append(HouseArgs(host_name=name)))

    assert found[0].host_name is name


def test_fields_are_the_inputs_in_every_language() -> None:
    inputs = Catalogue({"House": House})
    fields = inputs.components["strongroom:index:House"].inputs

    assert list(fields) == ["hostName", "rooms", "doors", "keys", "driver"], "any resource at all is for Python alone"
    assert [key for key, each in fields.items() if each.required] == ["hostName"]
    assert fields["rooms"].default == 3
    assert fields["rooms"].description == "How many rooms it has."
    assert not fields["hostName"].shape.plain
    assert fields["keys"].secret
    assert "strongroom:index:HouseArgs" not in inputs.types


def construct(inputs: Mapping[str, object]) -> Mapping[str, str]:
    provider = ComponentProvider()
    provider._catalogue.components |= Catalogue({"House": House}).components
    with pytest.raises(InputPropertiesError) as refused:
        provider.construct("x", "strongroom:index:House", inputs, None)
    return {each["property_path"]: each["reason"] for each in refused.value.errors or []}


def test_other_languages_get_the_checks_by_their_names() -> None:
    refused = construct({"hostName": "A_", "rooms": 2.0, "doors": [{"hostName": "a"}]})

    assert list(refused) == ["hostName"]
    assert refused["hostName"].startswith("is not a legal Kubernetes name")
    assert list(construct({"hostName": "a", "doors": [{"hostName": "_"}]})) == ["doors[0].hostName"]
