"""Both programs must declare the same, or nothing is compared."""

import json
from collections import Counter
from typing import Any

import pytest

from benchmarks import deploying
from benchmarks.measure import Usage
from benchmarks.programs import described
from sandbox.progress import Reporter

RESOURCE: dict[str, Any] = {
    "urn": "urn:pulumi:bench::strongroom::strongroom:index:VaultBackend$vault:index/policy:Policy::shop/orders",
    "type": "vault:index/policy:Policy",
    "inputs": {"name": "shop.orders", "policy": 'path "a" {}'},
    "dependencies": ["urn:pulumi:bench::strongroom::strongroom:index:KvEngine$vault:index/mount:Mount::vault"],
}


class ServerContext:
    reporter = Reporter()


class Program:
    def __init__(self, *declared: str) -> None:
        self.declared = Counter(declared)

    def run(self, *_: str, **__: str) -> Usage:
        return Usage(1, 1, 1)

    def note(self) -> None:
        pass


def test_programs_that_declare_something_else_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "strongroom", lambda *_: Program("policy", "role"))
    monkeypatch.setattr(deploying, "plain", lambda *_: Program("policy", "another role"))

    with pytest.raises(deploying.UnlikeError, match="only by Strongroom: \\['role'\\]; only by hand: \\['another"):
        list(deploying.deploying(ServerContext(), 1, 1, stepwise=False))  # pyright: ignore[reportArgumentType]


def test_a_resource_is_the_same_below_any_parent_and_with_any_secret() -> None:
    by_hand = json.loads(
        json.dumps(RESOURCE).replace("strongroom:index:VaultBackend$", "").replace("::strongroom::", "::plain::")
    )
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:a"}

    assert described(RESOURCE) == described(by_hand).replace("strongroom:index:KvEngine$", "")
    assert described({**RESOURCE, "inputs": {"token": secret}}) == described(
        {**RESOURCE, "inputs": {"token": {**secret, "ciphertext": "v1:b"}}}
    )


@pytest.mark.parametrize("change", [{"inputs": {"name": "shop.orders"}}, {"dependencies": []}])
def test_other_inputs_or_dependencies_make_another_resource(change: dict[str, Any]) -> None:
    assert described({**RESOURCE, **change}) != described(RESOURCE)
