"""Any settings: a stack is provisioned, or refused with its errors, and no secret is repeated."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from pulumi.runtime import mocks

from strongroom.ops.pulumi.stack_file import read_stack_file
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse, strip_project_prefix
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.provision.program import provision
from tests.support.recording import Recorder
from tests.support.soak import bounded

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "bad_input"
CANARY = "canary-8d3f"
GUID = "11111111-2222-3333-4444-555555555555"


def stack(name: str) -> dict[str, Any]:
    return strip_project_prefix(read_stack_file(ROOT / "stacks" / f"Pulumi.{name}.yaml"))


DEV, HCP, PROD = (stack(name) for name in ("dev", "hcp", "prod"))
DEV["backend"]["auth"] = {"kubernetesHost": "https://api.example.net"}
DEV["backend"]["mount"] = {"path": "kv", "create": True}
DEV["seeds"] = {"db-pass": {"password": CANARY, "other": {"generate": {"length": 20}}}}
SERVER = deepcopy(DEV)
del SERVER["backend"]["address"]
SERVER["backend"] |= {
    "server": {
        "tls": {"kind": "cert-manager", "duration": "720h", "renewBefore": "24h"},
        "storage": {"kind": "raft", "volume": {"size": "10Gi"}},
        "seal": {"kind": "transit", "address": "https://seal.example.net", "keyName": "k", "tokenSecret": "t"},
        "monitor": {"interval": "30s"},
        "ingress": {"host": "vault.example.net", "tlsSecret": "web"},
        "replicas": 3,
        "maxUnavailable": 1,
    },
    "bootstrap": {
        "keyStore": {"kind": "file", "path": "recovery.json"},
        "shares": 5,
        "threshold": 3,
        "nodes": [f"https://10.0.0.{number}:8200" for number in (1, 2, 3)],
    },
}
LOGINS = deepcopy(DEV)
LOGINS["backend"] |= {
    "audit": [{"kind": "file"}, {"kind": "socket", "address": "logs.example.net:9000"}],
    "groups": [{"name": "ops", "reads": ["shop/orders"], "policies": ["other"], "members": {"ldap": ["sre"]}}],
    "logins": [
        {
            "kind": "ldap",
            "url": "ldaps://ldap.example.net",
            "userDn": "ou=people",
            "groupDn": "ou=groups",
            "bindDn": "cn=vault",
        },
        {"kind": "approle", "roles": [{"name": "ci", "groups": ["ops"], "boundCidrs": ["10.0.0.0/8"]}]},
        {"kind": "userpass", "users": [{"name": "ann", "groups": ["ops"]}], "tokenTtl": "1h", "tokenMaxTtl": "2h"},
        {
            "kind": "oidc",
            "discoveryUrl": "https://login.example.net",
            "clientId": "vault",
            "redirectUris": ["https://vault.example.net/callback"],
        },
    ],
}
LOGINS["credentials"] = {"ldap": CANARY, "userpass/ann": CANARY, "oidc": CANARY}
PROD["seeds"]["db-pass"]["password"] = CANARY
OUTSIDE = deepcopy(PROD)
OUTSIDE["backend"]["identity"] = {"mode": "service-principal", "clientId": GUID, "principalId": GUID}
OUTSIDE["kubernetes"] = {"install": "helm", "providers": ["vault"], "audiences": ["x"]}
OUTSIDE["clientSecret"] = CANARY
OUTSIDE["backend"]["keys"] = {"sign": {"type": "EC", "rotateAfter": "P30D", "expiresAfter": "P90D"}}
OUTSIDE["backend"]["secrets"] = {"db-pass-password": {"notBefore": "2027-01-01T00:00:00Z"}}
OUTSIDE["workloads"][0]["delivery"] = "akv2k8s"
BASES = [DEV, HCP, SERVER, LOGINS, PROD, OUTSIDE]

WORDS = [
    *("csi", "agent-injector", "kubernetes-secret", "akv2k8s", "vault", "azure-key-vault", "jwt", "kubernetes", "raft"),
    *("helm", "addon", "existing", "shared", "node", "addon", "system-assigned", "identity-binding", "pod-identity"),
    *("secret", "key", "cert", "pfx", "pem", "hex", "base64", "EC", "RSA-HSM", "premium", "policies", "object", "dev"),
    *("generated", "supplied", "shamir", "transit", "consul", "standalone", "init", "approle", "github", "socket"),
    *("kind", "name", "namespace", "object", "orders", "shop", "db-pass", "ops", "ldap", "0", "3", "1h", "P7D", "10Gi"),
    *("", " ", "a b", "a/b", "../a", "a/*", "+", "%2f", "a\0b", "a\nb", "\u2028", "\u043erders", "{{x}}", '"', "~x/y"),
    *("https://a.example.net", "http://a.example.net", "https://[", "https://a:b", "on", "no", "true", "null", "-1"),
    *(
        GUID,
        "x" * 64,
        "x" * 600,
        "Root",
        "root",
        "2027-01-01 00:00:00 +0000 UTC",
        "10.0.0.0/8",
        "missing.pem",
        "ca.pem",
    ),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=6)
)
VALUES = (
    SCALARS
    | st.lists(SCALARS, max_size=2)
    | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), SCALARS, max_size=2)
)
"""What takes the place of a value: the words that settings know are among them, and what breaks names and paths."""


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in `value`, with each of its keys."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in below:
        yield value, key
        yield from places(entry)


KEYS = sorted({key for base in BASES for _, key in places(base) if isinstance(key, str)})


@st.composite
def edited(draw: st.DrawFn) -> dict[str, Any]:
    """A stack that is valid, after some edits."""
    raw = deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(raw))
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(["replace", "replace", "remove", "repeat", "add", "rename"])):
            case "replace":
                container[key] = draw(VALUES)
            case "remove":
                del container[key]
            case "repeat" if isinstance(container, list):
                container.append(deepcopy(container[key]))
            case "rename" if isinstance(container, dict):
                container[draw(st.sampled_from(KEYS + WORDS))] = container.pop(key)
            case _ if isinstance(container, dict):
                container[draw(st.sampled_from(KEYS))] = draw(VALUES)
            case _:
                container.append(draw(VALUES))
    return raw


@pytest.fixture(scope="module", autouse=True)
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Be where some files are; nobody is asked anything, and no port is opened."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(CORPUS / "files")
        patched.setattr(Installation, "find_conflicts", lambda _: [])
        patched.setattr("strongroom.stacks.provision.azure.find_taken_name", lambda *_: [])
        patched.setattr("pulumi.get_root_directory", lambda: home)
        patched.setattr("strongroom.stacks.provision.vault_server.PodForward", lambda *_, **__: None)
        patched.setattr("pulumi.log.warn", lambda *_: None)
        yield


@bounded(40)
@given(edited(), st.sampled_from(["prod", "local"]))
def test_whatever_a_stack_says_is_provisioned_or_reported_to_be_wrong(raw: dict[str, Any], name: str) -> None:
    recorder = Recorder()
    mocks.set_mocks(recorder.mocks, project="strongroom", stack=name, preview=False, monitor=recorder)

    @pulumi.runtime.test
    def program() -> None:
        provision(parse(raw, stack=name))

    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("KUBECONFIG", "kubeconfig.yaml")
            program()
    except InvalidSettingsError as error:
        note(str(error))
        assert error.issues
        assert all(issue.key.startswith("strongroom:") and issue.location for issue in error.issues)
        assert CANARY not in str(error)
        assert all(each.type == "pulumi:pulumi:Stack" for each in recorder.recorded)
