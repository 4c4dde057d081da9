"""A stack whose workloads and objects have names that are easily taken for one another."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

COUNT = int(os.environ.get("STRONGROOM_WORKLOADS", "6"))
"""How many workloads to keep apart. More than six is for patient people."""

_WORKLOADS = ("a/b-c", "a-b/c", "a/b", "a-b/b-c", "b/a", "b/a-b")
ATTACHED = "b/a-b"
"""The workload whose pods are those of a Deployment that exists, `OWNER`, in its namespace."""

OWNER = "owner"

_SHARED = {"shared": (0, 1), "shared-by-three": (1, 2, 3)}
_OBJECTS = {
    False: ("db", "db-pass", "db/pass", "db/pass/word", "DB", "db.pass"),
    True: ("d", "d-b", "d-b-pass", "d-b-pass-word", "d-bp-ass", "dbpass"),
}
"""Objects of Vault, and of Key Vault, whose names have neither slashes nor a case."""

_ATTACH = {"attach": {"kind": "Deployment", "name": OWNER, "containers": ["app"]}}

Access = dict[str, tuple[str, ...]]
"""The objects that each workload declares."""


def access(*, azure: bool) -> Access:
    """Who declares what: one object alone, and some with others."""
    more = range(len(_WORKLOADS), COUNT)
    workloads = [*_WORKLOADS[:COUNT], *(f"n-{number % 7}/w-{number}" for number in more)]
    objects = [*_OBJECTS[azure], *(f"object-{number}" for number in more)]
    return {
        workload: (objects[number], *(name for name, who in _SHARED.items() if number in who))
        for number, workload in enumerate(workloads)
    }


def changed(before: Access) -> Access:
    """`before`, after one workload was renamed, one has moved, one was removed, and two have swapped their objects."""
    after = dict(before)
    after["a/bc-d"] = after.pop("a/b-c")
    after["b/c"] = after.pop("a-b/c")
    del after["b/a"]
    after["a/b"], after["a-b/b-c"] = after["a-b/b-c"], after["a/b"]
    return after


GONE = ("a/b-c", "a-b/c", "b/a")
"""Service accounts that `changed` leaves nothing to."""


def configured(config: dict[str, Any], declared: Access, seeded: Access, *, azure: bool) -> dict[str, Any]:
    """A stack's configuration with those workloads.

    :param seeded: Who declares what, all reported: what the stack writes to its store.
    """
    key: Mapping[str, str] = {} if azure else {"key": "v"}
    value = {"generate": {"length": 40, "special": False}}
    seeds: Mapping[str, Any] = config["strongroom:seeds"]
    return {
        **config,
        "strongroom:kubernetes": {
            **config["strongroom:kubernetes"],
            "existingNamespaces": [ATTACHED.partition("/")[0]],
        },
        "strongroom:workloads": [
            {
                "namespace": workload.partition("/")[0],
                "name": workload.partition("/")[2],
                **(_ATTACH if workload == ATTACHED else {"image": "busybox:1.36"}),
                "secrets": [{"name": f"file-{number}", "object": name, **key} for number, name in enumerate(objects)],
            }
            for workload, objects in declared.items()
        ],
        # What was there stays: the name of a secret that was deleted softly is taken.
        "strongroom:seeds": seeds
        | {
            name: value if azure else {**seeds.get(name, {}), "v": value}
            for objects in seeded.values()
            for name in objects
        },
    }


def places(declared: Access, *, azure: bool) -> set[tuple[str, str]]:
    """Who must read what, by its place in the store, and nothing else."""
    return {(workload, place) for workload, objects in declared.items() for place in _places(objects, azure=azure)}


def _places(objects: tuple[str, ...], *, azure: bool) -> Iterator[str]:
    for name in objects:
        yield f"secret {name}" if azure else f"strongroom/data/{name}"
