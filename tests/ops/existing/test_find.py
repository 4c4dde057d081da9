"""What is compared with what: a stack's declarations, its state, and what a server has."""

from typing import Any

import pytest

from strongroom.ops.errors import NotAllowedError
from strongroom.ops.existing.find import Existing, New, find_existing
from strongroom.ops.existing.identity import Owned, derive_key
from strongroom.ops.pulumi.stack import AbsentError, export_state
from strongroom.policy.rules import UNKNOWN, Declared

NAMESPACE, POLICY = "kubernetes:core/v1:Namespace", "vault:index/policy:Policy"


class Server:
    """A server that has everything, and answers who may ask."""

    name = "names"

    def __init__(self, *, open_: bool = True, adopted: bool = False) -> None:
        self._open = open_
        self._adopted = adopted

    def knows(self, resource: Declared) -> bool:
        return resource.type == NAMESPACE

    def find(self, resource: Declared) -> Existing | None:
        if not self._open:
            raise NotAllowedError("403 Forbidden")
        return Existing(f"namespace {resource.name}", "leave it", self._adopted)


def declared(kind: str, name: str, /, **inputs: Any) -> Declared:
    return Declared(kind, f"urn:pulumi:dev::strongroom::{kind}::{name}", inputs)


def namespace(name: object) -> Declared:
    return declared(NAMESPACE, str(name), metadata={"name": name})


OWNED = Owned(frozenset({("kubernetes:core:Namespace", "own")}))
BOTH = [namespace("own"), namespace("theirs")]


def test_what_exists_and_is_not_in_the_state_is_refused() -> None:
    (found,) = find_existing(Server(), New(BOTH, OWNED))

    assert (found.state, found.fix) == ("failed", "leave it")
    assert found.seen == "namespace theirs exists, and is not this stack's own"


def test_a_stack_that_owns_all_of_it_is_ok() -> None:
    (found,) = find_existing(Server(), New(BOTH[:1], OWNED))

    assert (found.state, found.seen) == ("ok", "nothing is in the place of the 0 that are to be created")


@pytest.mark.parametrize(
    ("server", "owned", "state", "seen"),
    [
        (Server(open_=False), OWNED, "skipped", "theirs: 403 Forbidden"),
        (Server(), Owned(unknown="no CLI"), "skipped", "whether it is this stack's own is not known: no CLI"),
        (Server(adopted=True), OWNED, "warning", "the update takes it over"),
    ],
)
def test_what_is_not_known_or_wanted_is_no_failure(server: Server, owned: Owned, state: str, seen: str) -> None:
    found = [each for each in find_existing(server, New(BOTH, owned)) if "theirs" in each.seen]

    assert [each.state for each in found] == [state]
    assert seen in found[0].seen


@pytest.mark.parametrize("resource", [namespace(UNKNOWN), declared(NAMESPACE, "generated"), declared("x:y:Z", "z")])
def test_a_name_that_is_not_known_yet_can_be_nobodys(resource: Declared) -> None:
    assert derive_key(resource) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (declared(POLICY, "a", name="Shop"), declared(POLICY, "b", name="shop"), True),
        (namespace("Shop"), namespace("shop"), False),
        (declared("kubernetes:core/v2:Namespace", "a", metadata={"name": "shop"}), namespace("shop"), True),
        (
            declared("vault:kv/secretV2:SecretV2", "a", mount="kv", name="a"),
            declared("vault:kv/secretV2:SecretV2", "a", mount="kv", name="A"),
            False,
        ),
        (
            declared("azure-native:keyvault:Secret", "a", vaultName="kv", secretName="a", resourceGroupName=UNKNOWN),
            declared("azure-native:keyvault:Secret", "b", vaultName="KV", secretName="A", resourceGroupName="rg"),
            True,
        ),
    ],
)
def test_two_are_one_where_their_server_would_take_them_for_one(one: Declared, other: Declared, same: bool) -> None:
    assert (derive_key(one) == derive_key(other)) is same


def test_a_stack_that_does_not_exist_is_reported_apart_from_a_state_that_cannot_be_read(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho \"error: no stack named 'dev' found\" >&2\nexit 255\n")
    pulumi.chmod(0o755)

    with pytest.raises(AbsentError):
        export_state("dev")
