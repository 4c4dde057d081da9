"""What goes wrong, and when: drawn from a seed, so that it can be had again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Operation = Literal["up", "update", "destroy"]
Victim = Literal["program", "engine", "store", "kube-apiserver", "etcd"]

OPERATIONS: tuple[Operation, ...] = ("up", "update", "destroy")
"""In the order in which each finds what the one before left."""

VICTIMS: tuple[Victim, ...] = ("program", "engine", "store", "kube-apiserver", "etcd")

STORES = {"local": "vault", "local-azure": "azure"}
"""The server that is the store, by stack."""


@dataclass(frozen=True)
class Scenario:
    """One death in one operation."""

    operation: Operation
    victim: Victim
    seed: int

    def __str__(self) -> str:
        return f"{self.operation}-{self.victim}-{self.seed}"

    def moment(self, stack: str, steps: int) -> tuple[int, float]:
        """When the victim dies: after which step that the engine tells, and how many seconds after it.

        :param stack: The stack.
        :param steps: How many steps an undisturbed run tells.
        """
        drawn = random.Random(f"{stack}-{self}")  # noqa: S311 - to be repeated, not to be secret
        return drawn.randint(0, steps), drawn.uniform(0, 0.06)


def scenarios(rounds: int) -> Iterator[Scenario]:
    """Every victim in every operation, in `rounds` rounds with a seed each."""
    for seed in range(rounds):
        for victim in VICTIMS:
            for operation in OPERATIONS:
                yield Scenario(operation, victim, seed)


_SEED = 1000

SAMPLE: tuple[tuple[str, Scenario], ...] = (("local", Scenario("destroy", "store", _SEED)),)
"""Those of `make test`, each with a stack. Engines that die in an update have a test of their own."""
