"""The workloads that everything here is measured with: twenty a team, each with two files and a variable."""

from typing import Any

TEAM = 20
"""Workloads that share a namespace and an object in the store."""


def teams(count: int) -> list[str]:
    """The namespaces of `count` workloads, and their objects' names."""
    return sorted({team(number) for number in range(count)})


def team(number: int) -> str:
    """The namespace of the workload `number`."""
    return f"team-{number // TEAM:02}"


def name(number: int) -> str:
    """The name of the workload `number`."""
    return f"app-{number:04}"


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
