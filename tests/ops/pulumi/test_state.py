"""Reading a stack's state."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import rpc

from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.state import HIDDEN, read_secret_inputs, read_state

from ..preview.test_report import CANARY
from .test_stack import pulumi

__all__ = ["pulumi"]

SECRET = {rpc._special_sig_key: rpc._special_secret_sig, "ciphertext": CANARY}  # pyright: ignore[reportPrivateUsage]


def exports(pulumi: Path, *resources: dict[str, Any]) -> None:
    exported = json.dumps({"version": 3, "deployment": {"resources": resources}})
    pulumi.write_text(f"#!/bin/sh\ncat <<'END'\n{exported}\nEND\n")


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "a:b:C", "urn": f"urn:pulumi:dev::strongroom::a:b:C::{name}", **more}


def test_a_resource_has_its_inputs_its_outputs_and_its_id_and_no_secret(pulumi: Path) -> None:
    exports(
        pulumi,
        resource(
            "made",
            id="7",
            inputs={"name": "x", "password": SECRET},
            outputs={"accessor": "y", "token": [SECRET]},
            dependencies=["urn:other"],
        ),
        resource("leaving", delete=True),
    )
    (found,) = read_state("dev")

    assert (found.kind, found.name, found.dependencies) == ("a:b:C", "made", ["urn:other"])
    assert found.properties == {"name": "x", "password": HIDDEN}
    assert found.outputs == {"accessor": "y", "token": [HIDDEN], "id": "7"}
    assert CANARY not in repr(found)


def test_a_secret_input_is_read_by_urn_of_its_type_alone(pulumi: Path) -> None:
    document = json.dumps({"key": CANARY})
    encrypted = {rpc._special_sig_key: rpc._special_secret_sig, "plaintext": json.dumps(document)}  # pyright: ignore[reportPrivateUsage]
    exports(
        pulumi,
        resource("a", inputs={"dataJson": encrypted}),
        resource("plain", inputs={"dataJson": "{}"}),
        resource("leaving", inputs={"dataJson": encrypted}, delete=True),
        {**resource("b", inputs={"dataJson": encrypted}), "type": "a:b:D"},
    )
    pulumi.write_text(
        pulumi.read_text().replace("cat", 'case " $* " in *" --show-secrets "*) ;; *) exit 3;; esac\ncat')
    )

    assert read_secret_inputs("dev", "a:b:C", "dataJson") == {resource("a")["urn"]: document}


@pytest.mark.parametrize("outer", [False, True])
def test_a_secret_input_is_read_in_what_holds_it_whether_that_is_secret_or_it_alone(pulumi: Path, outer: bool) -> None:
    def encrypted(value: object) -> dict[str, str]:
        return {rpc._special_sig_key: rpc._special_secret_sig, "plaintext": json.dumps(value)}  # pyright: ignore[reportPrivateUsage]

    properties = encrypted({"value": CANARY}) if outer else {"value": encrypted(CANARY)}
    exports(pulumi, resource("a", inputs={"properties": properties}), resource("b", inputs={"properties": "[]"}))

    assert read_secret_inputs("dev", "a:b:C", "properties", "value") == {resource("a")["urn"]: CANARY}


def test_a_stack_that_has_nothing_deployed_is_reported_so(pulumi: Path) -> None:
    exports(pulumi)

    with pytest.raises(OpsError, match="nothing deployed"):
        read_state("dev")
