"""What goes wrong, and when: drawn from a seed, so that it can be had again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Operation = Literal["up", "update", "destroy"]
Victim = Literal["program", "engine", "vault", "kube-apiserver", "etcd", "azure"]

OPERATIONS: tuple[Operation, ...] = ("up", "update", "destroy")
"""In the order in which each finds what the one before left."""

VICTIMS: dict[str, tuple[Victim, ...]] = {
    "local": ("program", "engine", "vault", "kube-apiserver", "etcd"),
    "local-azure": ("program", "engine", "azure", "kube-apiserver", "etcd"),
}
"""What is killed, by stack: what that stack needs."""


@dataclass(frozen=True)
class Scenario:
    """One death in one operation."""

    stack: str
    operation: Operation
    victim: Victim
    seed: int

    def __str__(self) -> str:
        return f"{self.stack}-{self.operation}-{self.victim}-{self.seed}"

    def moment(self, steps: int) -> tuple[int, float]:
        """When the victim dies: after which step that the engine tells, and how many seconds after it.

        :param steps: How many steps an undisturbed run tells.
        """
        drawn = random.Random(str(self))  # noqa: S311 - to be repeated, not to be secret
        return drawn.randint(0, steps), drawn.uniform(0, 0.06)


def scenarios(rounds: int) -> Iterator[Scenario]:
    """Every stack, operation and victim, in `rounds` rounds with a seed each."""
    for stack, victims in VICTIMS.items():
        for seed in range(rounds):
            for victim in victims:
                for operation in OPERATIONS:
                    yield Scenario(stack, operation, victim, seed)


def sample() -> Iterator[Scenario]:
    """A few: on each stack each operation, and each victim once."""
    for stack, victims in VICTIMS.items():
        for number, victim in enumerate(victims):
            yield Scenario(stack, OPERATIONS[number % len(OPERATIONS)], victim, 1000)
