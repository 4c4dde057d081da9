"""Who can read what: the report, what is left of it by a filter, and the command that tells it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.__main__ import app
from ops.access.report import NOBODY, Report, report
from ops.grants import granted
from policy.rules import Declared
from tests.ops.grants.test_azure import assigned
from tests.ops.test_preview import CANARY, SECRETS_USER, VAULT, declared, policy, role

RESOURCES = [
    role("own", "ops"),
    role("missing", names=("checkout",)),
    policy('path "secret/data/o" { capabilities = ["read", "update"] }', "own"),
    policy('path "secret/data/*" { capabilities = ["read"] }', "ops"),
    declared("vault:kv/secretV2:SecretV2", "vault/idle", mount="secret", name="idle", dataJson=CANARY),
    declared("vault:kv/secretV2:SecretV2", "vault/other", mount="other", name="other", dataJson=CANARY),
    assigned("p"),
]


def told(resources: list[Declared] = RESOURCES) -> Report:
    return report("dev", resources)


def lines(of: Report) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    return {secret: [(each.who, each.may) for each in accesses] for secret, accesses in of.readers()}


def test_each_secret_is_told_with_all_that_opens_it() -> None:
    assert lines(told()) == {
        "other/data/other": [],
        "secret db-pass of kv": [("identity principal p", ("read",))],
        "secret/data/idle": [("shop/orders", ("read",))],
        "secret/data/o": [("shop/orders", ("read",)), ("shop/orders", ("read", "write"))],
        "secret/data/*": [("shop/orders", ("read",))],
        "whatever the policy missing opens": [("shop/checkout", ("read",))],
    }


def test_what_is_wide_tells_which_known_secrets_it_opens() -> None:
    assert {each.what: each.covers for each in told().accesses if each.wide} == {
        "secret/data/*": ("secret/data/idle", "secret/data/o"),
        "whatever the policy missing opens": (),
    }


def test_one_path_is_one_access_with_all_that_it_allows() -> None:
    assert len(told().accesses) == len({each.path for each in granted(RESOURCES)}) == 4


def test_objects_of_one_name_in_two_vaults_are_two() -> None:
    other = assigned("p", scope=f"{VAULT}-2/secrets/db-pass")

    assert told([assigned("p"), other]).secrets == ("secret db-pass of kv", "secret db-pass of kv-2")


def test_a_role_at_the_vault_opens_what_the_stack_keeps_there() -> None:
    kept = [
        declared("azure-native:keyvault:Secret", "a", vaultName="KV", secretName="a"),
        declared("azure-native:keyvault:Key", "k", vaultName="kv", keyName="k"),
        declared(
            "pulumi-python:dynamic/strongroom:Certificate",
            "vault/tls",
            vaultUrl="https://kv.vault.azure.net",
            name="tls",
        ),
    ]
    found = told([*kept, assigned("p", scope=VAULT)])

    assert [each.covers for each in found.accesses] == [("secret a of KV", "secret tls of kv")]
    assert found.secrets == (
        "certificate tls of kv",
        "key k of kv",
        "key tls of kv",
        "secret a of KV",
        "secret tls of kv",
    )


def test_a_filter_keeps_whatever_opens_the_secret() -> None:
    assert lines(told().only("DATA/IDLE", None)) == {
        "secret/data/idle": [("shop/orders", ("read",))],
        "secret/data/*": [("shop/orders", ("read",))],
        "whatever the policy missing opens": [("shop/checkout", ("read",))],
    }


def test_a_filter_by_a_secret_that_nobody_knows_keeps_what_may_open_it() -> None:
    assert set(lines(told().only("nowhere", None))) == {"secret/data/*", "whatever the policy missing opens"}


def test_a_filter_by_who_leaves_everybody_else_out() -> None:
    assert set(lines(told().only(None, "ORDERS"))) == {"secret/data/idle", "secret/data/o", "secret/data/*"}
    assert lines(told().only("db-pass", "orders")) == {}


def test_a_filter_by_who_keeps_holders_that_are_patterns() -> None:
    anybody = told([role("own", names=("*",)), *RESOURCES])

    assert lines(anybody.only("data/o", "checkout"))["secret/data/o"] == [("shop/*", ("read", "write"))]
    assert "secret/data/o" not in lines(anybody.only("db-pass", "checkout"))


def test_what_a_name_could_make_a_terminal_do_is_taken_out() -> None:
    (found,) = told([role("p\x1b[2J\u202e"), policy(None, "p\x1b[2J\u202e")]).accesses

    assert found.what == "whatever the policy p\ufffd[2J\ufffd opens"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, on a stack of `RESOURCES`."""
    monkeypatch.setattr("ops.commands.access.read_state", lambda stack: RESOURCES)
    return lambda *words: CliRunner().invoke(app, ["access", "--stack", "dev", *words], catch_exceptions=False)


def test_the_table_has_a_section_for_each_secret(run: Any) -> None:
    done = run()

    assert done.exit_code == 0
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert cells == [
        ["other/data/other", NOBODY, "", ""],
        ["secret db-pass of kv", "identity principal p", "read", "Key Vault Secrets User"],
        ["secret/data/idle", "shop/orders", "read", "role shop.orders, policy ops (opens secret/data/*)"],
        ["secret/data/o", "shop/orders", "read", "role shop.orders, policy ops (opens secret/data/*)"],
        ["", "shop/orders", "read, write", "role shop.orders, policy own"],
        ["secret/data/* (wide)", "shop/orders", "read", "role shop.orders, policy ops"],
        ["whatever the policy missing opens (wide)", "shop/checkout", "read", "role shop.orders, policy missing"],
    ]
    assert "2 ways open more than one secret" in done.stdout


def test_the_table_can_have_a_section_for_each_of_those_who_read(run: Any) -> None:
    done = run("--by", "who", "--who", "checkout")

    assert "│ shop/checkout │ whatever the policy missing opens │ read │" in done.stdout
    assert "orders │" not in done.stdout


def test_json_has_who_may_what_and_each_step(run: Any) -> None:
    (found,) = json.loads(run("--json", "--secret", "db-pass", "--who", "principal").stdout)

    assert found == {
        "who": "identity principal p",
        "may": ["read"],
        "what": "secret db-pass of kv",
        "wide": False,
        "covers": [],
        "path": [
            {"kind": "identity", "name": "principal p", "detail": "p"},
            {"kind": "role assignment", "name": "Key Vault Secrets User", "detail": f"{VAULT}/secrets/db-pass"},
            {"kind": "secret", "name": "db-pass", "detail": "kv"},
        ],
    }
    assert SECRETS_USER not in json.dumps(found)


def test_the_picture_and_the_page_are_written_and_no_value_is_in_anything(run: Any, tmp_path: Path) -> None:
    svg, html = tmp_path / "a.svg", tmp_path / "a.html"
    done = run("--svg", str(svg), "--html", str(html))

    assert f"wrote {svg}" in done.stderr and f"wrote {html}" in done.stderr
    assert "secret/data/o" in svg.read_text() and "secret/data/o" in html.read_text()
    assert not any(CANARY in text for text in (done.output, svg.read_text(), html.read_text(), run("--json").output))


def test_a_place_that_cannot_be_written_is_one_line(run: Any, tmp_path: Path) -> None:
    from ops.errors import OpsError  # noqa: PLC0415

    with pytest.raises(OpsError, match=r"a\.svg can't be written: No such file or directory"):
        run("--svg", str(tmp_path / "nowhere" / "a.svg"))
