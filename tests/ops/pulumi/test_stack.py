"""Reading a stack's outputs."""

import json
from pathlib import Path
from typing import Any

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.engine import select_stack
from strongroom.ops.pulumi.stack import read_stack, run_pulumi

OUTPUTS = {
    "backend": {
        "kind": "vault",
        "address": "https://vault:8200",
        "mount": "secret",
        "authPath": "kubernetes",
        "audience": "vault",
    },
    "kubernetes": {"kubeconfig": None, "context": "dev"},
    "workloads": [
        {
            "name": "orders",
            "namespace": "shop",
            "serviceAccount": "orders",
            "secretProviderClass": "orders",
            "identity": {"role": "shop.orders"},
            "objects": [{"name": "f", "object": "o", "key": "k", "version": None}],
        }
    ],
}


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pulumi CLI whose body a test writes."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "pulumi"
    program.touch(mode=0o755)
    return program


def test_outputs_are_read_as_they_were_exported(pulumi: Path) -> None:
    pulumi.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(OUTPUTS)}\nEND\n")
    stack = read_stack("dev")

    assert stack.workloads[0].path == "shop/orders"
    assert stack.backend.auth_path == "kubernetes"
    assert stack.kubernetes.context == "dev"


def test_the_clis_own_error_is_reported(pulumi: Path) -> None:
    pulumi.write_text("#!/bin/sh\necho \"error: no stack named 'dev' found\" >&2\nexit 255\n")

    with pytest.raises(OpsError, match="Stack 'dev' can't be read: error: no stack named 'dev' found"):
        read_stack("dev")


def test_a_warning_after_the_clis_error_hides_it_not(pulumi: Path) -> None:
    pulumi.write_text("#!/bin/sh\necho 'error: the passphrase is wrong' >&2\necho 'warning: x' >&2\nexit 255\n")

    with pytest.raises(OpsError, match=r"Stack 'dev' can't be read: error: the passphrase is wrong$"):
        read_stack("dev")


@pytest.mark.parametrize(("given", "seen"), [(None, "true"), ("false", "false")])
def test_the_cli_looks_for_no_release_of_itself_unless_the_user_wants_it(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, seen: str
) -> None:
    monkeypatch.delenv("PULUMI_SKIP_UPDATE_CHECK", raising=False)
    if given:
        monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", given)
    pulumi.write_text('#!/bin/sh\necho "$PULUMI_SKIP_UPDATE_CHECK"\n')

    assert run_pulumi("dev", "version") == f"{seen}\n"


def test_an_engine_that_is_watched_looks_for_no_release_of_the_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_SKIP_UPDATE_CHECK", raising=False)
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    log = tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho "$PULUMI_SKIP_UPDATE_CHECK $1" >> {log}\necho v3.999.0\n')
    program.chmod(0o755)

    select_stack("dev")
    assert {line.partition(" ")[0] for line in log.read_text().splitlines()} == {"true"}


def test_a_stack_that_was_never_deployed_is_reported_so(pulumi: Path) -> None:
    pulumi.write_text("#!/bin/sh\necho '{}'\n")

    with pytest.raises(OpsError, match=r"no usable outputs \(backend, kubernetes, workloads\): deploy it first"):
        read_stack("dev")


def test_a_missing_cli_is_reported(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(OpsError, match="The Pulumi CLI is not on PATH"):
        read_stack("dev")


def state_of(*components: tuple[str, dict[str, Any]]) -> str:
    resources = [{"type": "pulumi:pulumi:Stack"}, *({"type": kind, "outputs": found} for kind, found in components)]
    return json.dumps({"deployment": {"resources": resources}})


def answer(pulumi: Path, outputs: str, state: str) -> None:
    """Have the Pulumi CLI give these outputs, and this state."""
    pulumi.write_text(f"#!/bin/sh\ncase \"$*\" in *export*) cat <<'END'\n{state}\nEND\n;; *) echo '{outputs}';; esac\n")


def test_a_program_that_uses_the_components_is_read_from_their_state(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, (workload,) = OUTPUTS["backend"], OUTPUTS["workloads"]
    components = (
        ("strongroom:index:VaultBackend", {"description": backend}),
        ("strongroom:index:SecretWorkload", {"description": workload}),
        ("other:index:Thing", {"description": "a text"}),
    )
    answer(pulumi, '{"password": "[secret]"}', state_of(*components))
    monkeypatch.setenv("VAULT_ADDR", "https://127.0.0.1:8200")
    monkeypatch.setenv("VAULT_CACERT", "/ca.crt")
    stack = read_stack("dev")

    assert [each.path for each in stack.workloads] == ["shop/orders"]
    assert (stack.backend.kind, stack.backend.address) == ("vault", "https://127.0.0.1:8200")
    assert stack.backend.ca_certificate == "/ca.crt"
    assert stack.kubernetes.kubeconfig is None


def test_an_access_for_pods_of_others_is_read_as_a_workload(pulumi: Path) -> None:
    pod = {
        "labels": {},
        "annotations": {"a": "b"},
        "serviceAccountName": "orders",
        "automountServiceAccountToken": False,
        "volumes": [{"name": "secrets-store"}],
        "volumeMounts": [{"name": "secrets-store", "mountPath": "/mnt"}],
        "env": [],
    }
    described = {**OUTPUTS["workloads"][0], "controller": "none", "pod": pod}
    components = (
        ("strongroom:index:VaultBackend", {"description": OUTPUTS["backend"]}),
        ("strongroom:index:SecretAccess", {"description": described}),
    )
    answer(pulumi, "{}", state_of(*components))
    (workload,) = read_stack("dev").workloads

    assert workload.controller == "none"
    assert workload.build_pod(["app"]) == {
        "metadata": {"annotations": {"a": "b"}},
        "spec": {
            "serviceAccountName": "orders",
            "automountServiceAccountToken": False,
            "containers": [{"name": "app", "volumeMounts": [{"name": "secrets-store", "mountPath": "/mnt"}]}],
            "volumes": [{"name": "secrets-store"}],
        },
    }


def test_workloads_on_two_stores_are_an_error_that_says_what_to_do(pulumi: Path) -> None:
    backend = ("strongroom:index:VaultBackend", {"description": OUTPUTS["backend"]})
    answer(pulumi, "{}", state_of(backend, backend))

    with pytest.raises(OpsError, match="has 2 backends, and one is all that can be read: give each a stack of its own"):
        read_stack("dev")


def test_a_program_whose_workloads_are_its_own_is_no_proof_of_nothing(pulumi: Path) -> None:
    answer(pulumi, "{}", state_of(("strongroom:index:VaultBackend", {"description": OUTPUTS["backend"]})))

    with pytest.raises(OpsError, match="has a backend and neither a SecretWorkload nor a SecretAccess"):
        read_stack("dev")


def test_a_program_without_any_component_has_nothing_to_read(pulumi: Path) -> None:
    answer(pulumi, "{}", state_of())

    with pytest.raises(OpsError, match=r"no usable outputs \(backend, kubernetes, workloads\): deploy it first"):
        read_stack("dev")
