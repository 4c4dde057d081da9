"""The proof of many workloads, and the same requests with no program behind them."""

import json
import sys

from sandbox.certificates import write_private
from sandbox.running import ROOT

from . import shape
from .figures import Figure
from .measure import Usage, measured
from .programs import AT_THE_END, STACK, strongroom
from .site import Site


def verifying(site: Site, count: int, rounds: int) -> Figure:
    """`strongroom verify` of `count` workloads against the servers' limit: the same requests, by `benchmarks.bare`."""
    program = strongroom(site, count)
    plan = program.directory / "requests.json"
    kubeconfig = site.world.api_server.kubeconfig
    write_private(
        plan,
        json.dumps(
            {
                "vault": site.world.vault.address,
                "kubernetes": site.world.api_server.address,
                "authority": str(site.world.authority.certificate),
                "kubeconfig": str(kubeconfig),
                "workloads": shape.tried(count),
            }
        ),
    )

    def run(*words: str) -> Usage:
        return measured([sys.executable, "-m", *words], program.environment, ROOT, program.directory / "verify.log")

    try:
        with site.reporter.step(f"up of {count} workloads, to be verified"):
            program.run("up", **AT_THE_END)
        with site.reporter.step(f"verify of {count} workloads"):
            pairs = [
                (run("strongroom", "verify", "--stack", STACK, "--json"), run("benchmarks.bare", str(plan)))
                for _ in range(rounds)
            ]
    finally:
        program.run("destroy", **AT_THE_END)
    return Figure(
        "d", "verify", "the same requests, bare", [ours for ours, _ in pairs], [theirs for _, theirs in pairs], count
    )
