"""The rotation of values: written, awaited at each reader, and only then the end of the earlier one."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Protocol

from strongroom.policy.rules import Declared

from ..age.run import open_objects
from ..age.stored import Version
from ..cluster.installation import Installed
from ..cluster.rotation import find_allowed_delay
from ..errors import NotAllowedError, OpsError, UnreachableError
from ..findings import Finding
from ..pulumi import engine
from ..pulumi.stack import DeclaredObject, DeployedStack, VaultStore
from ..timestamps import format_time
from ..verify.deployment import Deployment
from .readers import Progress, Reader
from .target import Target, build_target, list_declared
from .values import generate

_RESUMED = timedelta(hours=1)
"""How old a version may be that is not everywhere yet, for a command to go on with it."""

_PAUSE = 5.0
"""Seconds between two looks."""


class Values(Protocol):
    """Values of a store, with the caller's rights."""

    def write(self, target: Target, values: Mapping[str | None, str]) -> None:
        """Write values, by key."""
        ...

    def retire(self, target: Target, *, dry_run: bool) -> Finding:
        """End earlier versions."""
        ...


class Rotation:
    """The rotation of a stack's values."""

    def __init__(self, name: str, stack: DeployedStack, resources: Collection[Declared]) -> None:
        """Keep the stack; nothing is asked yet.

        :param name: The stack's name.
        :param stack: The stack.
        :param resources: Its state.
        """
        self._name = name
        self._stack = stack
        self._deployment = Deployment(stack, resources)
        self._describe = open_objects(stack, self._deployment)

    def find(self, secret: str) -> Target:
        """Find a value by its name, `OBJECT/KEY`.

        :raises OpsError: No workload reads it, or the stack's file has it.
        """
        declared = list_declared(self._stack)
        if secret not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise OpsError(f"--secret: no workload reads the latest version of {secret!r}; there are: {known}")
        return build_target(self._stack, self._deployment, [declared[secret]], self._describe(declared[secret]))

    def find_older(self, limit: timedelta) -> tuple[Sequence[Target], Sequence[Finding]]:
        """Find the values older than `limit`, and say of those that nothing here can make that they are not rotated.

        :raises OpsError: The store can't be reached.
        """
        found: dict[str, list[DeclaredObject]] = {}
        others: list[Finding] = []
        for secret, declared in sorted(list_declared(self._stack).items()):
            stored = self._describe(declared)
            try:
                if datetime.now(UTC) - stored.find().written <= limit:
                    continue
                if build_target(self._stack, self._deployment, [declared], stored).is_generated:
                    found.setdefault(stored.name, []).append(declared)
                else:
                    others.append(Finding.failed("its owner makes its values", _give_value(secret), name=secret))
            except NotAllowedError as error:
                others.append(Finding.failed(str(error), stored.right, name=secret))
            except UnreachableError:
                raise
            except OpsError as error:
                others.append(Finding.failed(str(error), stored.fix, name=secret))
        return [
            build_target(self._stack, self._deployment, each, self._describe(each[0])) for each in found.values()
        ], others

    def run(self, target: Target, value: str | None = None, *, dry_run: bool = False) -> Sequence[Finding]:
        """Rotate a value; one whose last rotation, of less than an hour ago, is not everywhere yet, goes on.

        :param target: The value.
        :param value: The new value; if omitted, it is generated.
        :param dry_run: Only say what would be done.
        :raises OpsError: It can't be written, or a server doesn't respond: run again.
        """
        if value is None and not target.is_generated:
            raise OpsError(f"{target.name}: its owner makes its values: {_give_value(target.name)}")
        if value is not None and target.by_stack:
            raise OpsError(f"{target.name}: the stack generates this value: leave --value-stdin out")
        store = self._open_values()
        readers = [Reader(self._stack, *each) for each in target.readers.values()]
        version = _find_version(target)
        progress = [each.look(version) for each in readers]
        is_young = datetime.now(UTC) - version.written < _RESUMED
        is_resumed = is_young and any(each.is_left for each in progress)
        if dry_run:
            retired = store.retire(target, dry_run=True)
            return [_plan_value(target, version, is_resumed), *map(_plan_reader, readers, progress), retired]
        if is_resumed:
            first = Finding.ok(f"goes on with version {version.name} of {format_time(version.written)}", name="value")
        else:
            self._write(target, store, value)
            version = self._find_next(target, version)
            how = "generated by the stack" if target.by_stack else "written"
            first = Finding.ok(f"{how}: version {version.name} of {format_time(version.written)}", name="value")
        followed = self._follow(readers, version)
        return [first, *followed, self._retire(target, store, readers, followed)]

    def _write(self, target: Target, store: Values, value: str | None) -> None:
        if value is not None:
            store.write(target, {target.declared[0].key: value})
        elif target.by_stack:
            engine.replace(self._name, target.origins)
        else:
            store.write(target, {key: generate(made) for key, made in target.made.items()})

    def _find_next(self, target: Target, before: Version) -> Version:
        version = _find_version(target)
        if version.name == before.name:
            raise OpsError(f"{target.name}: the store has no newer version than {before.name}: run again")
        return version

    def _follow(self, readers: Sequence[Reader], version: Version) -> Sequence[Finding]:
        """Wait until each reader has the version, restart those that read it at their start, and wait for these."""
        _wait(readers, version, self._delay, lambda progress: progress.has_value is False)
        done: dict[Reader, str] = {}
        for each in readers:
            progress = each.look(version)
            if progress.old_pods and progress.has_value is not False:
                try:
                    done[each] = each.restart()
                except OpsError as error:
                    done[each] = str(error)
        _wait([*done], version, self._delay, lambda progress: progress.is_left)
        return [_judge(each, each.look(version), done.get(each, "")) for each in readers]

    def _retire(self, target: Target, store: Values, readers: Sequence[Reader], followed: Sequence[Finding]) -> Finding:
        if any(each.state != "ok" for each in followed):
            return Finding.skipped("kept: not every reader was seen with the new one", name="earlier versions")
        if any(each.needs_earlier for each in readers):
            return Finding.ok("kept: a workload mounts them, too", name="earlier versions")
        return store.retire(target, dry_run=False)

    def _open_values(self) -> Values:
        # For Vault, no client of Azure is loaded, and the other way round.
        if isinstance(self._stack.backend, VaultStore):
            from .vault import VaultValues  # noqa: PLC0415

            return VaultValues(self._stack.backend)
        from .key_vault import KeyVaultValues  # noqa: PLC0415

        return KeyVaultValues(self._stack, self._stack.backend)

    @cached_property
    def _delay(self) -> timedelta:
        """How long to wait for readers."""
        try:
            return find_allowed_delay(Installed(self._stack.kubernetes).list_daemon_sets())
        except OpsError:
            return find_allowed_delay(())


def _find_version(target: Target) -> Version:
    try:
        return target.stored.find()
    except NotAllowedError as error:
        raise NotAllowedError(f"{error}: {target.stored.right}") from None


def _wait(readers: Sequence[Reader], version: Version, delay: timedelta, is_left: Callable[[Progress], bool]) -> None:
    end = time.monotonic() + delay.total_seconds()
    while any(is_left(each.look(version)) for each in readers) and time.monotonic() < end:
        time.sleep(_PAUSE)


def _judge(reader: Reader, progress: Progress, done: str) -> Finding:
    name, seen = reader.workload.path, "; ".join(filter(None, (done, progress.seen)))
    if progress.is_left:
        old = f"started before: {', '.join(sorted(progress.old_pods))}" if progress.old_pods else ""
        fix = f"strongroom doctor --workload {name} finds the reason; then run again"
        return Finding.failed("; ".join(filter(None, (seen, old))), fix, name=name)
    if progress.has_value is None:
        return Finding.warning(seen, "look at it, and disable earlier versions then", name=name)
    return Finding.ok(seen, name=name)


def _plan_value(target: Target, version: Version, is_resumed: bool) -> Finding:
    if is_resumed:
        return Finding.ok(f"would go on with version {version.name} of {format_time(version.written)}", name="value")
    how = "generated by an update of the stack" if target.by_stack else "written"
    return Finding.ok(f"would be {how}; now: version {version.name}", name="value")


def _plan_reader(reader: Reader, progress: Progress) -> Finding:
    if progress.has_value is None:
        return Finding.warning(progress.seen, "", name=reader.workload.path)
    planned = "would be waited for" + (", and restarted" if reader.restarts else "")
    return Finding.ok(f"{planned}; now: {progress.seen}", name=reader.workload.path)


def _give_value(secret: str) -> str:
    return f"give one with strongroom rotate --secret {secret} --value-stdin"
