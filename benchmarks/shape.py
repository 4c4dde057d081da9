"""The workloads that everything here is measured with: twenty a team, each with two files and a variable."""

from typing import Any

from strongroom.ops.store.vault_denials import MOST

TEAM = 20
"""Workloads that share a namespace and an object in the store."""


_NEIGHBOURS = 4
"""Whose tokens are tried at a workload's role: the following one's, and three more."""


def teams(count: int) -> list[str]:
    """The namespaces of `count` workloads, and their objects' names."""
    return sorted({team(number) for number in range(count)})


def team(number: int) -> str:
    """The namespace of the workload `number`."""
    return f"team-{number // TEAM:02}"


def name(number: int) -> str:
    """The name of the workload `number`."""
    return f"app-{number:04}"


def tried(count: int) -> list[dict[str, Any]]:
    """What `strongroom verify` tries with each of `count` workloads besides its own: accounts and objects of others.

    As many for each workload, however many there are.
    """
    everyone = [[team(number), name(number)] for number in range(count)]
    objects = teams(count)
    return [
        {
            "workload": everyone[number],
            "neighbours": following(everyone, number, _NEIGHBOURS),
            "others": following(objects, objects.index(team(number)), MOST),
        }
        for number in range(count)
    ]


def following(entries: list[Any], number: int, most: int) -> list[Any]:
    """The entries after the one with that number, the first after the last; never itself."""
    return [entries[(number + step) % len(entries)] for step in range(1, min(most + 1, len(entries)))]


def workloads(count: int) -> list[dict[str, Any]]:
    """`count` workloads, as a stack's file says it."""
    return [
        {
            "name": name(number),
            "namespace": team(number),
            "image": "busybox:1.36",
            "command": ["sleep", "infinity"],
            "secrets": [
                {"name": "username", "object": team(number), "key": "username"},
                {"name": "password", "object": team(number), "key": "password", "env": "DB_PASSWORD"},
            ],
        }
        for number in range(count)
    ]
