"""The mark of a revoked workload in its stack's file: what keeps the next update from opening it again."""

from functools import partial
from typing import Any, cast

from strongroom.stacks.errors import NAMESPACE

from ..errors import OpsError
from ..pulumi.project import find_project, find_workspace, stack_file
from ..pulumi.stack import DeployedWorkload, run_pulumi
from ..pulumi.stack_file import read_stack_file
from .step import Change, Step


class Mark:
    """The line `revoked: true` of a workload."""

    def __init__(self, stack: str, workload: DeployedWorkload) -> None:
        """Keep whose it is.

        :param stack: The stack's name.
        :param workload: The workload.
        """
        self._stack = stack
        self._workload = workload
        self._file = stack_file(find_workspace(), stack)

    def build_step(self, *, lift: bool) -> Step:
        """Build the step that writes the line, or removes it.

        :param lift: Whether to remove it.
        """
        done = "removed" if lift else "written"
        value = "false" if lift else "true"
        fix = f"Set revoked: {value} where {self._workload.path} is declared, before the next update"
        return Step("revoked: true", done, lambda: self._find(lift=lift), fix)

    def _find(self, *, lift: bool) -> list[Change]:
        config: object = read_stack_file(self._file).get(f"{NAMESPACE}:workloads")
        entries = cast("list[Any]", config) if isinstance(config, list) else []
        for number, entry in enumerate(entries):
            if isinstance(entry, dict) and self._is_own(cast("dict[str, Any]", entry)):
                if (cast("dict[str, Any]", entry).get("revoked") is True) is not lift:
                    return []
                key = f"workloads[{number}].revoked"
                write = partial(self._write, f"{NAMESPACE}:{key}", lift=lift)
                own = stack_file(find_project(), self._stack)
                file = self._file.name if own == self._file else f"{self._file}, a copy: change {own}, too"
                return [Change(f"{key} in {file}", write)]
        raise OpsError(f"{self._file} has no workload {self._workload.path}: a program declares it, or another file")

    def _is_own(self, entry: dict[str, Any]) -> bool:
        return (entry.get("namespace"), entry.get("name")) == (self._workload.namespace, self._workload.name)

    def _write(self, key: str, *, lift: bool) -> None:
        words = ("rm", "--path", key) if lift else ("set", "--path", key, "true")
        run_pulumi(self._stack, "config", *words, "--stack", self._stack)
