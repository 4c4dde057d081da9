"""The requests of a proof, as fast as the servers answer: `python -m benchmarks.bare PLAN`.

Connections stay open, nothing is parsed but tokens, nothing is decided. Each workload's requests are those of `ops
verify` for it, as many however many workloads there are: its class, tokens and logins of itself, of strangers and of
some neighbours, its own object, some of the others', and what a token could see, change or give itself. What `verify`
compares of the whole stack is not among them.
"""

import http.client
import json
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

_PROCESSES = 4
_CAS: dict[str, Any] = {"options": {"cas": 2**31 - 1}, "data": {}}
_NEVER = {"ttl": "never"}
_NO_VERSIONS: dict[str, Any] = {"versions": []}

_Request = tuple[str, str, dict[str, Any] | None]


def main(plan_file: str) -> None:
    """Ask it all."""
    plan = json.loads(Path(plan_file).read_text())
    shares = [plan["workloads"][first::_PROCESSES] for first in range(_PROCESSES)]
    with ProcessPoolExecutor(_PROCESSES) as pool:
        asked = sum(pool.map(_ask, [plan] * _PROCESSES, shares))
    print(asked)


def _ask(plan: dict[str, Any], workloads: list[dict[str, Any]]) -> int:
    user = yaml.safe_load(Path(plan["kubeconfig"]).read_text())["users"][0]["user"]
    cluster = _Connection(plan["kubernetes"], plan["authority"], (user["client-certificate"], user["client-key"]))
    vault = _Connection(plan["vault"], plan["authority"])
    for each in workloads:
        team, name = each["workload"]
        role = f"{team}.{name}"
        cluster.ask("GET", f"/apis/secrets-store.csi.x-k8s.io/v1/namespaces/{team}/secretproviderclasses/{name}")
        own = _token(cluster, team, name, "vault")
        strangers = [_token(cluster, team, name, "aside"), _token(cluster, team, "default", "vault")]
        strangers += [_token(cluster, namespace, account, "vault") for namespace, account in each["neighbours"]]
        header = {"X-Vault-Token": _login(vault, role, own)["auth"]["client_token"]}
        for method, path, body in _requests(team, each["others"]):
            vault.ask(method, f"/v1/{path}", body, header)
        # One of the strangers stands for the expired token, and the workload itself is let in once more at the end.
        for token in (*strangers, strangers[0], own):
            _login(vault, role, token)
    return cluster.asked + vault.asked


def _requests(team: str, others: list[str]) -> Iterator[_Request]:
    """List what a workload's token is used for."""
    for place in (team, team, *others, "nobody", "nobody/nobody"):
        yield "GET", f"bench/data/{place}", None
    yield "LIST", "bench/metadata/", None
    yield "POST", f"bench/data/{team}", _CAS
    yield "PATCH", f"bench/data/{team}", _CAS
    yield "GET", f"bench/metadata/{team}", None
    for verb in ("delete", "undelete", "destroy"):
        yield "POST", f"bench/{verb}/{team}", _NO_VERSIONS
    for part in ("data", "metadata"):
        yield "DELETE", f"bench/{part}/nobody", None
    for path in ("sys/policies/acl", "auth/token/accessors", "identity/entity/id", "identity/group/id"):
        yield "LIST", path, None
    for path in ("sys/mounts", "sys/auth", "sys/audit", "sys/raw/core", "sys/storage/raft/configuration"):
        yield "GET", path, None
    for path in ("auth/token/create", "auth/token/create-orphan", "sys/policies/acl/nobody"):
        yield "POST", path, _NEVER
    yield "POST", "sys/capabilities-self", {"paths": [f"bench/data/{team}"]}
    yield "GET", "sys/internal/ui/mounts", None
    yield "POST", "auth/token/revoke-self", {}


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
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        given = {"Content-Type": kind, **(headers or {})}
        self._connection.request(method, path, json.dumps(body) if body is not None else None, given)
        reported = self._connection.getresponse().read()
        self.asked += 1
        return json.loads(reported) if body is not None and reported else {}


if __name__ == "__main__":
    main(sys.argv[1])
