"""The requests of a proof, as fast as the servers answer: `python -m benchmarks.bare PLAN`.

Connections stay open, nothing is parsed but tokens, nothing is decided. Each workload's requests are those of `ops
verify`: its class, four tokens, five logins of which one succeeds, its two files, every other team's object, a list and
a write.
"""

import http.client
import json
import ssl
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

_PROCESSES = 4


def main(plan_file: str) -> None:
    """Ask it all."""
    plan = json.loads(Path(plan_file).read_text())
    shares = [plan["workloads"][first::_PROCESSES] for first in range(_PROCESSES)]
    with ProcessPoolExecutor(_PROCESSES) as pool:
        asked = sum(pool.map(_ask, [plan] * _PROCESSES, shares))
    print(asked)


def _ask(plan: dict[str, Any], workloads: list[tuple[str, str]]) -> int:
    user = yaml.safe_load(Path(plan["kubeconfig"]).read_text())["users"][0]["user"]
    cluster = _Connection(plan["kubernetes"], plan["authority"], (user["client-certificate"], user["client-key"]))
    vault = _Connection(plan["vault"], plan["authority"])
    everyone = plan["workloads"]
    for team, name in workloads:
        neighbour, other = everyone[(everyone.index([team, name]) + 1) % len(everyone)]
        cluster.ask("GET", f"/apis/secrets-store.csi.x-k8s.io/v1/namespaces/{team}/secretproviderclasses/{name}")
        tokens = [
            _token(cluster, *whose)
            for whose in (
                (team, name, "vault"),
                (team, name, "aside"),
                (team, "default", "vault"),
                (neighbour, other, "vault"),
            )
        ]
        own, *others = tokens
        for token in (*others, others[0]):
            _login(vault, f"{team}.{name}", token)
        header = {"X-Vault-Token": _login(vault, f"{team}.{name}", own)["auth"]["client_token"]}
        for place in (team, team, *(other for other in plan["teams"] if other != team)):
            vault.ask("GET", f"/v1/bench/data/{place}", headers=header)
        vault.ask("LIST", "/v1/bench/metadata/", headers=header)
        vault.ask("POST", f"/v1/bench/data/{team}", {"options": {"cas": 2**31 - 1}, "data": {}}, header)
    return cluster.asked + vault.asked


def _token(cluster: "_Connection", namespace: str, account: str, audience: str) -> str:
    body = {"spec": {"audiences": [audience], "expirationSeconds": 600}}
    answer = cluster.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", body)
    return answer["status"]["token"]


def _login(vault: "_Connection", role: str, token: str) -> dict[str, Any]:
    return vault.ask("POST", "/v1/auth/kubernetes/login", {"role": role, "jwt": token})


class _Connection:
    """One connection that stays open."""

    def __init__(self, address: str, authority: str, pair: tuple[str, str] | None = None) -> None:
        context = ssl.create_default_context(cafile=authority)
        if pair:
            context.load_cert_chain(*pair)
        place = urlsplit(address)
        self._connection = http.client.HTTPSConnection(str(place.hostname), place.port, context=context)
        self.asked = 0

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        given = {"Content-Type": "application/json", **(headers or {})}
        self._connection.request(method, path, json.dumps(body) if body is not None else None, given)
        told = self._connection.getresponse().read()
        self.asked += 1
        return json.loads(told) if body is not None and told else {}


if __name__ == "__main__":
    main(sys.argv[1])
