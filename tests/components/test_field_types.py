"""What names are admitted, and that whatever is admitted is read as it was declared, and opens nothing else."""

import posixpath
import re
from string import digits, octdigits
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strongroom import Secret, Workload
from strongroom.components.azure import objects as azure
from strongroom.components.delivery import AgentInjector
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.kubernetes.agent_annotations import format_agent_annotations, parse_class_parameters
from strongroom.components.vault import backend as vault
from strongroom.components.vault.policy import build_read_policy
from strongroom.ops.pulumi.go_yaml import load_yaml
from strongroom.policy.rules.policies import read_paths
from tests.support.soak import bounded
from tests.support.texts import WORD, paths, texts

PIECES = st.sampled_from(
    [
        *("a", "B", "0", "-", "_", ".", "/", "..", "1e3", "0644", "on", "no", "null", "2027-01-01", "0x1F", "data"),
        *("*", "+", "%2f", "%2e", "//", "{{", "}}", '"', "\\", "`", "'", "#", "\n", "\r", "\t", "\0", " ", "?", "~"),
        *("\u0430", "\u2028", "\x85", "\ufeff", "\u202e", "\uff0e\uff0e", "\uff0f", "\u2215", "\U0001f511", "\x7f"),
    ]
)
ANYTHING = st.lists(PIECES, min_size=1, max_size=5).map("".join) | st.text(max_size=8)
"""Text from which names are made that somebody might write to get at something else."""

PATHS = paths()
NAMES = texts(WORD, f"{WORD}.", 20) | st.sampled_from(
    ["1e3", "0644", "on", "NO", "null", "2027-01-01", "0x1F", "-", "--", "---", "1_0", "0" * 32, "y", "-1", "-.9"]
)


@st.composite
def secrets(draw: st.DrawFn) -> Secret:
    return Secret(
        name=draw(NAMES),
        object=draw(PATHS | NAMES),
        key=draw(NAMES),
        version=draw(st.none() | texts(digits[1:], digits, 4)),
        encoding=draw(st.sampled_from(["utf-8", "base64"])),
        file_permission=draw(st.none() | st.text(octdigits, min_size=3, max_size=3).map("0{}".format)),
    )


@bounded(25)
@given(secrets(), PATHS)
def test_vaults_provider_reads_what_was_declared(secret: Secret, mount: str) -> None:
    (entry,) = load_yaml(vault.build_objects_parameter(mount, (secret,)))

    version = f"?version={secret.version}" if secret.version else ""
    assert (entry["objectName"], entry["secretKey"]) == (secret.name, secret.key)
    assert entry["secretPath"] == f"{mount}/data/{secret.object}{version}"
    assert entry.get("filePermission") == (int(secret.file_permission, 8) if secret.file_permission else None)


@bounded(25)
@given(secrets(), st.none() | st.text("0123456789abcdef", min_size=32, max_size=32))
@example(Secret(name="1e3", object="0644"), "1" * 30 + "e2")
def test_key_vaults_provider_reads_what_was_declared(secret: Secret, version: str | None) -> None:
    declared = secret.model_copy(update={"version": version})
    (text,) = load_yaml(azure.format_objects([declared]))["array"]
    entry = load_yaml(text)

    assert (entry["objectName"], entry["objectAlias"]) == (azure.find_vault_object(declared).name, declared.name)
    assert (entry.get("objectVersion"), entry.get("filePermission")) == (version, declared.file_permission)


@bounded(25)
@given(secrets(), PATHS)
def test_an_agent_reads_what_a_class_would(secret: Secret, mount: str) -> None:
    workload = Workload(name="w", namespace="n", image="i", secrets=(secret,))
    parameters = {
        "vaultAddress": "https://v",
        "roleName": "n.w",
        "vaultAuthMountPath": "kubernetes",
        "objects": vault.build_objects_parameter(mount, (secret,)),
    }
    annotations = format_agent_annotations(workload, AgentInjector(), parameters, None)

    assert load_yaml(parse_class_parameters(annotations)["objects"]) == load_yaml(parameters["objects"])
    # Nothing in it ends a string of Go's, or the action that it is in.
    template = annotations["vault.hashicorp.com/agent-inject-template-1"]
    strings = re.findall(r'"([^"]*)"', template)
    assert not set("".join(strings)) & set("\\{}`\n")
    assert re.sub(r'"[^"]*"', '""', template) == (
        '{{ with secret "" }}{{ if not (sprig_hasKey .Data.data "") }}{{ sprig_fail "" }}{{ end }}'
        '{{ index .Data.data ""' + (" | base64Decode" if secret.encoding == "base64" else "") + " }}{{ end }}"
    )


@bounded(50)
@given(ANYTHING, ANYTHING)
@example("kv", "...")
@example("kv/data", "a/..")
def test_no_name_makes_a_policy_wider(mount: str, name: str) -> None:
    try:
        policy = build_read_policy(mount, [name])
    except ValueError:
        return
    path = f"{mount}/data/{name}"

    assert read_paths(policy) == {path: frozenset({"read"})}
    assert posixpath.normpath(path) == path
    assert re.fullmatch(r"[A-Za-z0-9_./-]+", path), "no wildcard, no escape, no template, no look-alike"


@bounded(50)
@given(ANYTHING, st.none() | ANYTHING)
def test_no_name_makes_a_scope_wider(name: str, key: str | None) -> None:
    try:
        secret = Secret(name="f", object=name, key=key)
    except InvalidArgumentsError:
        return
    if azure.check_readable(secret):
        return

    assert re.fullmatch(r"[0-9A-Za-z-]{1,127}", azure.find_vault_object(secret).name)


@bounded(50)
@given(ANYTHING)
def test_a_file_stays_in_its_mount_and_is_a_key_of_a_kubernetes_secret(name: str) -> None:
    try:
        Secret(name=name, object="o")
    except InvalidArgumentsError:
        return

    assert re.fullmatch(r"[-._a-zA-Z0-9/]{1,253}", name)
    assert not any(part.startswith(".") or not part for part in name.split("/"))


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "a//b"},
        {"name": "a/"},
        {"name": "/a"},
        {"name": "a/../b"},
        {"name": ".."},
        {"name": ".a"},
        {"name": "a\n"},
        {"name": "\u0430"},
        {"name": "a" * 254},
        {"object": "a/../b"},
        {"object": "a//b"},
        {"object": "/a"},
        {"object": "a/"},
        {"object": "a/*"},
        {"object": "a%2fb"},
        {"object": "a\0"},
        {"object": "a" * 513},
        {"key": 'a"b'},
        {"key": "a}}"},
        {"version": "1?x=2"},
        {"env": "A=B"},
        {"file_permission": "7777"},
    ],
)
def test_what_could_be_read_as_something_else_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentsError):
        Secret(**({"name": "f", "object": "o", "key": "k"} | changed))
