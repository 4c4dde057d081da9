"""What a check asks of the objects that workloads declare."""

from types import SimpleNamespace
from typing import Any

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
