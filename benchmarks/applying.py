"""The Kubernetes part of an up, and `kubectl apply` of the same objects."""

import sys
from pathlib import Path

from sandbox.running import ROOT
from sandbox.tools import Tools
from sandbox.tools.catalogue import CHECKS

from .figures import Figure
from .measure import Usage, measured
from .programs import AT_THE_END, STACK, Program, strongroom
from .site import Site

_KINDS = ("Namespace", "ServiceAccount", "SecretProviderClass", "Deployment")


def applying(site: Site, count: int, rounds: int) -> Figure:
    """An up whose Vault part is there, against `kubectl apply --server-side` of what `strongroom render` writes.

    Both wait for the API server's answers alone. kubectl keeps no state, and the engine writes its own at the end.
    """
    program = strongroom(site, count)
    rendered = program.directory / "rendered"
    with site.reporter.step(f"rendering {count} workloads"):
        measured(
            [sys.executable, "-m", "strongroom", "render", "--stack", STACK, "--to", str(rendered)],
            program.environment,
            ROOT,
            program.directory / "render.log",
        )
    pairs: list[tuple[Usage, Usage]] = []
    for _ in range(rounds):
        with site.reporter.step(f"up of the Kubernetes part of {count} workloads"):
            ours = _part(program)
        with site.reporter.step(f"kubectl apply of {count} workloads"):
            pairs.append((ours, _applied(site, rendered)))
    return Figure(
        "b",
        "up of the Kubernetes part",
        "kubectl apply --server-side",
        [ours for ours, _ in pairs],
        [theirs for _, theirs in pairs],
        count,
    )


def _part(program: Program) -> Usage:
    try:
        program.run("up", *(f"--exclude=**{kind}::team-**" for kind in _KINDS), **AT_THE_END)
        return program.run("up", **AT_THE_END)
    finally:
        program.run("destroy", **AT_THE_END)


def _applied(site: Site, rendered: Path) -> Usage:
    kubectl = [
        str(Tools(site.reporter, catalogue=CHECKS).path("kubectl")),
        f"--kubeconfig={site.world.api_server.kubeconfig}",
        f"--cache-dir={rendered.parent / 'kubectl'}",
    ]
    namespaces = sorted(rendered.glob("cluster/1-namespace_team-*.yaml"))
    files = [f"-f={path}" for path in (*namespaces, *sorted(rendered.glob("namespaces/team-*")))]
    log = rendered.parent / "kubectl.log"
    try:
        return measured([*kubectl, "apply", "--server-side", "-R", *files], site.environment, ROOT, log)
    finally:
        deleted = [*kubectl, "delete", "--ignore-not-found", *(f"-f={path}" for path in namespaces)]
        measured(deleted, site.environment, ROOT, log)
