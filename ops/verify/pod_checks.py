"""Checks of a workload's pods from within: their containers have the files and variables that the store holds."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

from strongroom.components.workload import ENDING_KINDS

from ..cluster.client import ClusterClient
from ..cluster.delivery import Delivery
from ..cluster.installation import Installed
from ..cluster.pods import Container, NoShellError, Pod, Pods
from ..cluster.rotation import find_allowed_delay
from ..errors import NotAllowedError, OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload
from ..store.base import DeniedError, ExpectedFile, NotTriedError, Session
from .check import Check
from .pod_script import Seen, build_command, compute_digest, matches, parse

_TLS = "kubernetes.io/tls"

_Comparison = Literal["same", "stale", "young", "unknown"]
_SKIPPED: Mapping[_Comparison, str] = {
    "young": "the store's value is younger than a rotation may take: run again later",
    "unknown": "the value can't be read from here, or the provider converts it",
}


@dataclass(frozen=True)
class _Expected:
    """A file that a container must have."""

    mode: int

    value: bytes | None
    """What it must hold; `None` if that is not known here."""

    changed: datetime | None
    """When the store's version was written."""

    def compare(self, salt: str, digest: str, delay: timedelta) -> _Comparison:
        """Compare its value with a salted digest.

        :param delay: How long a rotation may take.
        """
        if self.value is None:
            return "unknown"
        if matches(salt, self.value, digest):
            return "same"
        return "young" if self.changed and datetime.now(UTC) - self.changed < delay else "stale"


class PodChecks:
    """Checks of pods from within.

    Values are compared by salted digests, which a shell in the container computes: no value leaves it.
    """

    def __init__(self, stack: DeployedStack, debug_image: str | None = None) -> None:
        """Make the clients; nothing is asked yet.

        :param stack: The stack.
        :param debug_image: The image of ephemeral containers, which look at containers whose own image has no shell;
            if omitted, those are skipped.
        :raises OpsError: The cluster's kubeconfig can't be used.
        """
        self._debug_image = debug_image
        self._pods = Pods(stack.kubernetes)
        self._cluster = ClusterClient(stack.kubernetes)
        self._installed = Installed(stack.kubernetes)
        self._salt = secrets.token_hex(16)

    def run(
        self, workload: DeployedWorkload, delivery: Delivery, files: Sequence[ExpectedFile], session: Session | None
    ) -> Iterator[Check]:
        """Look at each pod of a workload.

        :param delivery: The workload's delivery, as the cluster has it.
        :param files: The files that it has delivered.
        :param session: The workload's login to the store; if omitted, values are not compared.
        """
        what = "its pods can be looked at"
        if workload.delivery == "akv2k8s":
            reason = "akv2k8s gives values to a container's first process alone, where no other sees them"
            yield Check(workload.path, what, None, reason)
            return
        try:
            pods = self._pods.list(workload)
        except OpsError as error:
            yield _build_error_check(workload, what, error, ())
            return
        if not pods and workload.controller in ENDING_KINDS:
            reason = f"no pod of its {workload.controller} runs now: repeat it while one does"
            yield Check(workload.path, what, None, reason)
        elif not pods and workload.controller == "none":
            reason = f"no pod with its secrets runs as the service account {workload.service_account}"
            yield Check(workload.path, what, None, reason)
        elif not pods:
            yield Check(workload.path, what, False, "it has none")
        expected = _read_expected(files, session)
        for pod in pods:
            if pod.problem:
                detail = f"it is not ready: {pod.problem}; `strongroom doctor` finds the reason"
                yield Check(workload.path, f"pod {pod.name} is ready", False, detail)
            elif not pod.containers:
                yield Check(workload.path, f"pod {pod.name} has its files", False, "no container mounts them")
            else:
                for container in pod.containers:
                    yield from self._check_container(workload, pod, container, expected)
        yield from self._check_secrets(workload, delivery, expected)

    def _check_container(
        self, workload: DeployedWorkload, pod: Pod, container: Container, expected: Mapping[str, _Expected]
    ) -> Iterator[Check]:
        label = f"pod {pod.name}" + (f", {container.name}," if len(pod.containers) > 1 else "")
        what, asked = f"{label} has its files", (f"exec {pod.namespace}/{pod.name} {container.name}",)
        variables = {each.env: _find(expected, each.name) for each in workload.objects if each.env}
        paths = {path: _find(expected, name) for path, name in container.kept.items()}
        try:
            seen = self._look(pod, container, [*variables, *paths])
        except OpsError as error:
            yield _build_error_check(workload, what, error, asked)
            return
        owner = seen.user if workload.delivery == "agent-injector" else 0
        files = {
            name: expected[name].compare(self._salt, file.digest, self._delay)
            for name, file in seen.files.items()
            if file.digest and name in expected
        }
        wrong = [*_compare_files(seen, expected, owner)]
        wrong += [_format_stale(name, expected[name].changed) for name, found in files.items() if found == "stale"]
        detail = "; ".join(wrong) or f"{_format_files(seen)}; read as user {seen.user}"
        yield Check(workload.path, what, not wrong, detail, asked, f"{len(seen.files)} files")
        for kind, reason in _SKIPPED.items():
            if names := sorted(name for name, found in files.items() if found == kind):
                detail = f"{', '.join(names)}: {reason}"
                yield Check(workload.path, f"{label} has the store's values", None, detail)
        if variables:
            yield self._check_kept(workload, f"{label} has its variables", variables, seen)
        if paths:
            yield self._check_kept(workload, f"{label} has files at paths of their own", paths, seen)

    def _look(self, pod: Pod, container: Container, kept: Sequence[str]) -> Seen:
        """Look from the container itself, or from an ephemeral one, which does not see its variables."""
        command = build_command(self._salt, container.mount_path, kept)
        try:
            return _parse(self._pods.run(pod, container.name, command))
        except NoShellError:
            if self._debug_image is None:
                raise
        if container.user is None:
            raise NoShellError(
                f"{pod.name} leaves the user of {container.name} to its image: none can look as that user"
            )
        paths = [each for each in kept if each.startswith("/")]
        shell = self._pods.add_shell(pod, container, self._debug_image)
        command = build_command(self._salt, container.mount_path, paths, root="/proc/1/root")
        return _parse(self._pods.run(pod, shell, command))

    def _check_kept(self, workload: DeployedWorkload, what: str, kept: Mapping[str, _Expected], seen: Seen) -> Check:
        """Check variables, or files at paths of their own: what a container keeps as it was when it started."""
        if seen.kept.keys().isdisjoint(kept):
            return Check(workload.path, what, None, "an ephemeral container does not see them")
        wrong: list[str] = []
        skipped: list[str] = []
        for name, expected in kept.items():
            digest = seen.kept.get(name)
            found = expected.compare(self._salt, digest, self._delay) if digest else None
            if found is None:
                wrong.append(f"{name} {'can not be read' if name.startswith('/') else 'is not set'}")
            elif found == "stale":
                wrong.append(
                    f"{name} has another value than the store: it keeps the one that its container started with; "
                    "restart the pod"
                )
            elif found != "same":
                skipped.append(f"{name} is there: {_SKIPPED[found]}")
        if wrong or skipped:
            return Check(workload.path, what, False if wrong else None, "; ".join((*wrong, *skipped)))
        return Check(workload.path, what, True, ", ".join(kept))

    def _check_secrets(
        self, workload: DeployedWorkload, delivery: Delivery, expected: Mapping[str, _Expected]
    ) -> Iterator[Check]:
        """Compare the Kubernetes Secrets that the driver makes; their values are dropped at once."""
        by_secret: dict[str, dict[str, str]] = {}
        for (secret, key), file in delivery.provider_class.places.items():
            by_secret.setdefault(secret, {})[key] = file
        for secret, keys in sorted(by_secret.items()):
            what, asked = f"its Secret {secret} has the store's values", (f"GET Secret {workload.namespace}/{secret}",)
            try:
                kind, data = self._cluster.read_secret_data(workload.namespace, secret)
            except OpsError as error:
                yield _build_error_check(workload, what, error, asked)
                continue
            wrong = [f"it lacks {key}" for key in sorted(set(keys) - set(data))]
            wrong += [f"it has the key {key}, which its class does not name" for key in sorted(set(data) - set(keys))]
            # The driver takes a certificate and its private key out of PEM.
            for key in sorted(set(keys) & set(data)) if kind != _TLS else ():
                digest = compute_digest(self._salt, data[key])
                if _find(expected, keys[key]).compare(self._salt, digest, self._delay) == "stale":
                    wrong.append(f"{key} has another value than the store")
            yield Check(workload.path, what, not wrong, "; ".join(wrong) or ", ".join(sorted(keys)), asked)

    @cached_property
    def _delay(self) -> timedelta:
        """How long a rotation may take to reach a pod."""
        try:
            return find_allowed_delay(self._installed.list_daemon_sets())
        except OpsError:
            return find_allowed_delay(())


def _build_error_check(workload: DeployedWorkload, what: str, error: OpsError, asked: tuple[str, ...]) -> Check:
    """Build the check of what could not be looked at: skipped if the caller lacks a right, or the image a shell."""
    if isinstance(error, NotAllowedError):
        right = "needed are get and create on pods/exec, with --debug-image also patch on pods/ephemeralcontainers"
        return Check(workload.path, what, None, f"{error}: {right}" if asked else str(error), asked, "forbidden")
    if isinstance(error, NoShellError):
        fix = "--debug-image names an image with sh, cat, find, id, sha256sum and stat"
        return Check(workload.path, what, None, f"{error}: {fix}", asked, "no shell")
    return Check(workload.path, what, False, str(error), asked, "no response")


def _read_expected(files: Sequence[ExpectedFile], session: Session | None) -> dict[str, _Expected]:
    """Read what the store holds for each file; without a value where the workload may not read it."""
    expected: dict[str, _Expected] = {}
    for file in files:
        try:
            contents: Mapping[str, bytes | None] = file.read_contents(session) if session else {}
            version = file.find_version(session) if session else None
        except (DeniedError, NotTriedError, OpsError):
            contents, version = {}, None  # reported by the checks of the store
        for name, value in (contents or {file.file: None}).items():
            expected[name] = _Expected(file.mode, value, version.written if version else None)
    return expected


def _find(expected: Mapping[str, _Expected], name: str) -> _Expected:
    """Find the file with the latest value of a secret."""
    return expected.get(name) or expected.get(f"{name}/0") or _Expected(0, None, None)


def _compare_files(seen: Seen, expected: Mapping[str, _Expected], owner: int) -> Iterator[str]:
    """Compare files by all but their values."""
    if missing := sorted(set(expected) - set(seen.files)):
        yield f"missing: {', '.join(missing)}"
    if surplus := sorted(set(seen.files) - set(expected)):
        yield f"surplus: {', '.join(surplus)}"
    for name in sorted(set(expected) & set(seen.files)):
        found, wanted = seen.files[name], expected[name].mode
        if found.mode != wanted:
            yield f"{name} has the mode {found.mode:04o}, and {wanted:04o} was deployed"
        if found.owner != owner:
            yield f"{name} belongs to user {found.owner}, and {owner} writes it"
        if found.digest is None:
            yield f"{name} can't be read by user {seen.user} of the container"


def _format_files(seen: Seen) -> str:
    return ", ".join(f"{name} ({found.mode:04o}, user {found.owner})" for name, found in sorted(seen.files.items()))


def _format_stale(name: str, changed: datetime | None) -> str:
    when = f", which was written at {changed.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if changed else ""
    return f"{name} has another value than the store{when}: `strongroom doctor` finds why it was not rotated"


def _parse(output: str) -> Seen:
    try:
        return parse(output)
    except ValueError:
        raise OpsError("the container printed something else than was asked for") from None
