"""Stacks of one's own, completed for the sandbox."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.errors import SandboxError
from sandbox.stacks import (
    Servers,
    complete,
    config_path,
    is_edited,
    like_of,
    read_stack_file,
    remove_secrets,
    require,
    unset,
)
from strongroom.stacks.load import parse
from tests.support.sandboxed import ROOT

SERVERS = Servers(
    vault="https://127.0.0.1:8200",
    authority=ROOT / "LICENSE",
    kubeconfig=ROOT / "LICENSE",
    issuer="https://kubernetes.default.svc",
    token_key=ROOT / "LICENSE",
    tenant="11111111-1111-1111-1111-111111111111",
    subscription="22222222-2222-2222-2222-222222222222",
)


def completed(stack: str) -> dict[str, Any]:
    config = read_stack_file(ROOT / "stacks" / f"Pulumi.{stack}.yaml")["config"]
    complete(config, SERVERS, own=False)
    return config


@pytest.mark.parametrize("stack", ["dev", "hcp", "staging", "prod"])
def test_every_stack_of_the_project_has_settings_for_the_sandbox(stack: str) -> None:
    config = completed(stack)
    plain = {key.partition(":")[2]: value for key, value in config.items()}
    settings = parse(plain, stack=stack, secret_keys=())

    assert settings.kubernetes.install == "existing"
    assert settings.kubernetes.wait_for_rollout is False
    assert (settings.kubernetes.context, settings.kubernetes.aks) == (None, None)


@pytest.mark.parametrize("stack", ["dev", "hcp", "staging", "prod"])
def test_nothing_of_a_stacks_own_servers_is_left(stack: str) -> None:
    said = yaml.safe_dump({key: completed(stack)[f"strongroom:{key}"] for key in ("backend", "kubernetes")})

    for foreign in ("https://vault.", "hashicorp.cloud", "admin/shop", "eks", "aks-shop", "0000-0000"):
        assert foreign not in said.replace("/subscriptions/00000000-0000-0000-0000-000000000000", "")


def test_the_objects_that_exist_elsewhere_are_made() -> None:
    config = completed("dev")

    assert config["strongroom:seeds"] == {"db-pass": {"password": {"generate": {"length": 32}}}}
    assert config["strongroom:backend"]["mount"]["create"] is True


def test_it_tells_what_it_replaces() -> None:
    config = read_stack_file(ROOT / "stacks" / "Pulumi.dev.yaml")["config"]

    assert complete(config, SERVERS, own=False) == ["backend.address", "kubernetes.install"]


@pytest.mark.parametrize(("stack", "own"), [("local", True), ("local-azure", True), ("dev", False)])
def test_with_a_node_the_sandboxs_own_stacks_wait_for_their_pods(stack: str, own: bool) -> None:
    config = read_stack_file(ROOT / "stacks" / f"Pulumi.{stack}.yaml")["config"]
    before = config.get("strongroom:administrators", [])
    for _ in range(2):
        complete(config, replace(SERVERS, accounts=("kube-system/driver",)), own=own)

    assert config["strongroom:kubernetes"]["waitForRollout"] is own
    assert config["strongroom:administrators"] == [*before, "service account kube-system/driver"]


def test_a_vault_on_this_machine_is_left_alone() -> None:
    config: dict[str, Any] = {"strongroom:backend": {"kind": "vault", "address": "https://127.0.0.1:1"}}
    complete(config, SERVERS, own=False)

    assert config["strongroom:backend"] == {"kind": "vault", "address": "https://127.0.0.1:1"}


def project(tmp_path: Path, text: str) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.qa.yaml").write_text(text)
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {strongroom:backend: {kind: vault}}")
    return tmp_path


def test_keys_may_be_written_without_the_projects_name(tmp_path: Path) -> None:
    root = project(tmp_path, "config: {backend: {kind: azure-key-vault}}")
    document = read_stack_file(root / "stacks" / "Pulumi.qa.yaml")

    assert like_of(document) == "local-azure"
    require(root, "qa", "local-azure")


@pytest.mark.parametrize(
    ("text", "stack", "like", "said"),
    [
        ("", "prod", None, r"There is no stack 'prod': .*Pulumi.prod.yaml is missing. There are dev, qa"),
        ("", "../qa", None, r"There is no stack '../qa'"),
        ("", "qa", None, "has no settings"),
        ("config: {backend: {kind: [}", "qa", None, "line 1: is not YAML"),
        ("config: [a]", "qa", None, "has no settings"),
        ("config: {backend: vault}", "qa", None, "backend.kind is None.*vault and azure-key-vault"),
        ("config: {backend: {kind: aws}}", "qa", None, "backend.kind is 'aws'"),
        ("config: {backend: {kind: vault}}", "qa", "local-azure", "has the kind of local, and --like says local-azure"),
        ("config: {backend: {kind: vault}}", "qa", "prod", "--like 'prod' is no stack of the sandbox's own"),
    ],
)
def test_a_stack_that_cannot_be_run_is_refused(
    tmp_path: Path, text: str, stack: str, like: str | None, said: str
) -> None:
    with pytest.raises(SandboxError, match=said):
        require(project(tmp_path, text), stack, like)


def test_what_another_passphrase_encrypted_is_taken_out() -> None:
    document: dict[str, Any] = {
        "encryptionsalt": "v1:abc",
        "secretsprovider": "passphrase",
        "config": {"a:seeds": {"ledger": {"token": {"secure": "v1:x"}}}, "a:clientSecret": {"secure": "v1:y"}},
    }
    paths = remove_secrets(document)

    assert document == {"config": {"a:seeds": {"ledger": {}}}}
    assert paths == [("a:seeds", "ledger", "token"), ("a:clientSecret",)]
    document["config"]["a:clientSecret"] = {"secure": "ours"}
    assert unset(document, paths) == [("a:seeds", "ledger", "token")]


def test_a_path_is_written_as_pulumi_reads_it() -> None:
    assert config_path(("a:seeds", "db-pass", "key")) == 'a:seeds["db-pass"].key'


def test_a_file_is_edited_if_it_is_newer_than_its_copy(tmp_path: Path) -> None:
    files = {place: tmp_path / place / "stacks" / "Pulumi.local.yaml" for place in ("root", "home")}
    for number, file in enumerate(files.values()):
        file.parent.mkdir(parents=True)
        file.touch()
        os.utime(file, (number, number))
    assert not is_edited(tmp_path / "root", tmp_path / "home")

    os.utime(files["root"], (2, 2))
    assert is_edited(tmp_path / "root", tmp_path / "home")
    files["root"].unlink()  # its stack can still be destroyed
    assert not is_edited(tmp_path / "root", tmp_path / "home")
