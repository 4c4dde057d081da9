"""A new project is three files that are legal, or one error that says what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from strongroom.ops.app import app
from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.stack_file import parse_stack_file

VAULT = ("--store", "vault", "--vault-address", "https://vault.example.net:8200")
KEY_VAULT = (
    *("--store", "azure-key-vault", "--tenant-id", "00000000-0000-0000-0000-000000000000"),
    *("--resource-group", "rg-shop", "--vault-name", "kv-shop", "--oidc-issuer", "https://issuer.example.net/"),
)


def init(*words: str) -> str:
    """Run `strongroom init` without a terminal; return what it said."""
    done = CliRunner().invoke(app, ["init", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


@pytest.mark.parametrize("store", [VAULT, KEY_VAULT], ids=["vault", "key-vault"])
def test_a_new_project_is_three_files_with_legal_settings(tmp_path: Path, store: tuple[str, ...]) -> None:
    said = init(str(tmp_path / "shop"), *store, "--stack", "qa", "--context", "aks-shop")
    written = {file.name for file in (tmp_path / "shop").iterdir()}
    settings = parse_stack_file(tmp_path / "shop" / "Pulumi.qa.yaml", "qa")

    assert written == {"Pulumi.yaml", "__main__.py", "Pulumi.qa.yaml"}
    assert yaml.safe_load((tmp_path / "shop" / "Pulumi.yaml").read_text()) == {"name": "shop", "runtime": "python"}
    assert settings.backend.kind == store[1]
    assert settings.kubernetes.context == "aks-shop"
    assert "strongroom verify --stack qa" in said
    assert len((tmp_path / "shop" / "__main__.py").read_text().splitlines()) == 5


def test_a_virtual_environment_within_the_project_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    init(str(tmp_path), *VAULT)

    runtime = yaml.safe_load((tmp_path / "Pulumi.yaml").read_text())["runtime"]
    assert runtime == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--store is missing: give --store vault or --store azure-key-vault"),
        (("--store", "vault"), "--vault-address are missing"),
        (KEY_VAULT[:4], "--resource-group, --vault-name, --oidc-issuer are missing: give them"),
        ((*VAULT[:3], "http://vault"), "backend.address: 'http://vault' is plain HTTP"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(OpsError, match=message):
        init(str(tmp_path / "shop"), *words)

    assert not (tmp_path / "shop").exists()


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("mine")
    with pytest.raises(OpsError, match=r"__main__\.py exists: name another directory"):
        init(str(tmp_path), *VAULT)

    assert (tmp_path / "__main__.py").read_text() == "mine"
    assert not (tmp_path / "Pulumi.yaml").exists()


def test_a_second_stack_of_a_project_is_one_more_file(tmp_path: Path) -> None:
    init(str(tmp_path), *VAULT)
    program = (tmp_path / "__main__.py").read_text()
    init(str(tmp_path), *KEY_VAULT, "--stack", "prod")

    assert (tmp_path / "Pulumi.prod.yaml").is_file()
    assert (tmp_path / "__main__.py").read_text() == program


def test_the_policy_pack_is_written_for_this_python(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["policy-pack", str(tmp_path / "policy")])
    described = yaml.safe_load((tmp_path / "policy" / "PulumiPolicy.yaml").read_text())

    assert done.exit_code == 0
    assert described["runtime"]["options"]["virtualenv"] == sys.prefix
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, ast; ast.parse(open(sys.argv[1]).read())", "__main__.py"],
        cwd=tmp_path / "policy",
        check=False,
    )
    assert loaded.returncode == 0
    with pytest.raises(OpsError, match="exists: name a directory that doesn't"):
        CliRunner().invoke(app, ["policy-pack", str(tmp_path / "policy")], catch_exceptions=False)
