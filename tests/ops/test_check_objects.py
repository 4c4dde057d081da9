"""What a check asks of the objects that workloads declare."""

from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.components.workload import Secret
from strongroom.ops.check import vault as module


def test_all_keys_of_an_object_need_the_object_alone() -> None:
    secrets = [Secret(name="all.json", object=name, format="json") for name in ("seeded", "written")]
    workload = SimpleNamespace(path="shop/orders", secrets=secrets)
    settings: Any = SimpleNamespace(workloads=[workload], seeds={"seeded": {"any": "value"}})
    backend: Any = SimpleNamespace(mount=SimpleNamespace(path="kv"))
    operator: Any = SimpleNamespace(list_keys=lambda *_: ["any"])

    (found,) = module._check_objects(operator, settings, backend)

    assert (found.state, found.seen) == ("ok", "kv/written exists, and no single key of it is needed")


MOUNTS = {
    "legacy/": {"type": "kv", "options": None},
    "payments/": {"type": "kv", "options": {"version": "2"}},
    "payments/cloud/": {"type": "aws", "options": None},
}


@pytest.mark.parametrize(
    ("path", "state", "reported"),
    [
        ("legacy/db-pass", "ok", "legacy/db-pass is of the engine legacy/, which is kv"),
        ("payments/data/db-pass", "ok", "which is kv version 2"),
        ("payments/cloud/creds/deploy", "ok", "payments/cloud/, which is aws"),
        ("nowhere/db-pass", "failed", "Vault has no engine that nowhere/db-pass could be of"),
        ("payments/db-pass", "failed", "write it as payments/data/db-pass"),
        ("legacy/data/db-pass", "failed", "legacy/ is kv, version 1"),
        ("payments/cloud/data/x", "failed", "payments/cloud/ is aws"),
    ],
)
def test_a_path_is_of_an_engine_and_spelled_as_that_has_it(path: str, state: str, reported: str) -> None:
    operator: Any = SimpleNamespace(read=lambda _: MOUNTS)
    found = module._check_path(operator, path)

    assert (found.state, reported in f"{found.seen}: {found.fix}") == (state, True)
