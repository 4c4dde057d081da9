"""Who can read what: the report, what is left of it by a filter, and the command that tells it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from strongroom.ops.access.evidence import Evidence, describe_store, describe_update
from strongroom.ops.access.page import format_page
from strongroom.ops.access.report import NOBODY, Report, build_report
from strongroom.ops.access.table import format_csv
from strongroom.ops.app import app
from strongroom.ops.grants import list_granted
from strongroom.policy.rules import Declared
from tests.ops.grants.test_azure import assigned
from tests.ops.grants.test_copies import copied
from tests.ops.preview.test_report import CANARY, SECRETS_USER, VAULT, declared, policy, role

RESOURCES = [
    role("own", "ops"),
    role("missing", names=("checkout",)),
    policy('path "secret/data/o" { capabilities = ["read", "update"] }', "own"),
    policy('path "secret/data/*" { capabilities = ["read"] }', "ops"),
    declared("vault:kv/secretV2:SecretV2", "vault/idle", mount="secret", name="idle", dataJson=CANARY),
    declared("vault:kv/secretV2:SecretV2", "vault/other", mount="other", name="other", dataJson=CANARY),
    assigned("p"),
]


def reported(resources: list[Declared] = RESOURCES) -> Report:
    return build_report("dev", resources)


def lines(of: Report) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    return {secret: [(each.who, each.may) for each in accesses] for secret, accesses in of.group_by_secret()}


def test_each_secret_is_reported_with_all_that_opens_it() -> None:
    assert lines(reported()) == {
        "other/data/other": [],
        "secret db-pass of kv": [("identity principal p", ("read",))],
        "secret/data/idle": [("shop/orders", ("read",))],
        "secret/data/o": [("shop/orders", ("read",)), ("shop/orders", ("read", "write"))],
        "secret/data/*": [("shop/orders", ("read",))],
        "whatever the policy missing opens": [("shop/checkout", ("read",))],
    }


def test_what_is_wide_tells_which_known_secrets_it_opens() -> None:
    assert {each.what: each.covers for each in reported().accesses if each.wide} == {
        "secret/data/*": ("secret/data/idle", "secret/data/o"),
        "whatever the policy missing opens": (),
    }


def test_one_path_is_one_access_with_all_that_it_allows() -> None:
    assert len(reported().accesses) == len({each.path for each in list_granted(RESOURCES)}) == 4


def test_objects_of_one_name_in_two_vaults_are_two() -> None:
    other = assigned("p", scope=f"{VAULT}-2/secrets/db-pass")

    assert reported([assigned("p"), other]).secrets == ("secret db-pass of kv", "secret db-pass of kv-2")


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
    found = reported([*kept, assigned("p", scope=VAULT)])

    assert [each.covers for each in found.accesses] == [("secret a of KV", "secret tls of kv")]
    assert found.secrets == (
        "certificate tls of kv",
        "key k of kv",
        "key tls of kv",
        "secret a of KV",
        "secret tls of kv",
    )


def test_a_filter_keeps_whatever_opens_the_secret() -> None:
    assert lines(reported().filter("DATA/IDLE", None)) == {
        "secret/data/idle": [("shop/orders", ("read",))],
        "secret/data/*": [("shop/orders", ("read",))],
        "whatever the policy missing opens": [("shop/checkout", ("read",))],
    }


def test_a_filter_by_a_secret_that_nobody_knows_keeps_what_may_open_it() -> None:
    assert set(lines(reported().filter("nowhere", None))) == {"secret/data/*", "whatever the policy missing opens"}


def test_a_filter_by_who_leaves_everybody_else_out() -> None:
    assert set(lines(reported().filter(None, "ORDERS"))) == {"secret/data/idle", "secret/data/o", "secret/data/*"}
    assert lines(reported().filter("db-pass", "orders")) == {}


def test_a_filter_by_who_keeps_holders_that_are_patterns() -> None:
    anybody = reported([role("own", names=("*",)), *RESOURCES])

    assert lines(anybody.filter("data/o", "checkout"))["secret/data/o"] == [("shop/*", ("read", "write"))]
    assert "secret/data/o" not in lines(anybody.filter("db-pass", "checkout"))


def test_what_a_name_could_make_a_terminal_do_is_taken_out() -> None:
    (found,) = reported([role("p\x1b[2J\u202e"), policy(None, "p\x1b[2J\u202e")]).accesses

    assert found.what == "whatever the policy p\ufffd[2J\ufffd opens"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, on a stack of `RESOURCES`."""
    monkeypatch.setattr("strongroom.ops.pulumi.state.read_state", lambda stack: RESOURCES)
    monkeypatch.setattr("strongroom.ops.access.evidence.ask_pulumi", lambda *words: "[]")
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


HISTORY = [
    {"kind": "refresh", "result": "succeeded", "endTime": "2026-03-03T00:00:00.000Z", "version": 9},
    {"kind": "update", "result": "failed", "endTime": "2026-03-02T00:00:00.000Z", "version": 8},
    {
        "kind": "update",
        "result": "succeeded",
        "endTime": "2026-03-01T09:30:00.000Z",
        "version": 7,
        "environment": {"git.head": "4be1f00d", "git.dirty": "true"},
        "config": {"strongroom:seeds": {"value": CANARY}},
    },
]


def test_a_report_is_evidence_of_the_last_update_that_succeeded() -> None:
    assert describe_update(HISTORY) == (
        "2026-03-01 09:30:00 UTC, update 7",
        "4be1f00d with changes that are in no commit",
    )
    assert describe_update(HISTORY[:2]) == ("not known", "not known")


@pytest.mark.parametrize(
    ("backend", "store"),
    [
        (
            {"kind": "vault", "address": "https://v:8200", "mount": "kv", "namespace": "admin/shop"},
            "Vault at https://v:8200, namespace admin/shop, engine kv",
        ),
        (
            {"kind": "azure-key-vault", "vault": "kv-shop", "url": "https://kv-shop.vault.azure.net", "tenantId": "t"},
            "Key Vault kv-shop at https://kv-shop.vault.azure.net, tenant t",
        ),
        (None, "not known"),
    ],
)
def test_a_report_names_the_store_of_record(backend: Any, store: str) -> None:
    outputs = {"backend": backend} if backend else {}

    assert describe_store([Declared("pulumi:pulumi:Stack", "urn::stack", {}, outputs=outputs)]) == store


COPIED = copied("vault", {"objects": "- {objectName: f, secretPath: secret/data/o, secretKey: k}"}, "f")


def test_csv_has_a_row_for_each_way_and_each_secret_that_nobody_reads() -> None:
    evidence = Evidence(store="Vault at https://v:8200, engine secret", revision="4be1f00d")
    rows = list(csv.DictReader(io.StringIO(format_csv(reported([*RESOURCES, COPIED]), evidence))))

    assert [(each["secret"], each["who"], each["may"], each["wide"], each["copy in etcd"]) for each in rows] == [
        ("whatever the policy missing opens", "shop/checkout", "read", "yes", "no"),
        ("secret/data/*", "shop/orders", "read", "yes", "no"),
        ("secret/data/o", "shop/orders", "read, write", "no", "no"),
        ("secret db-pass of kv", "identity principal p", "read", "no", "no"),
        ("secret/data/o", "readers of Secrets in shop", "read", "no", "yes"),
        ("other/data/other", NOBODY, "", "no", "no"),
    ]
    assert {(each["stack"], each["store of record"], each["revision"]) for each in rows} == {
        ("dev", evidence.store, "4be1f00d")
    }


@pytest.mark.parametrize(
    ("secret", "who", "shown"),
    [
        (None, None, "everything that the stack grants"),
        ("o", None, "only secrets with 'o' in their names"),
        ("o", "orders", "only secrets with 'o' in their names and those with 'orders' in their names"),
    ],
)
def test_what_was_narrowed_down_says_so(secret: str | None, who: str | None, shown: str) -> None:
    found = reported(RESOURCES).filter(secret, who)
    rows = list(csv.DictReader(io.StringIO(format_csv(found, Evidence()))))

    assert {each["shown"] for each in rows} == {shown}
    assert f"<dt>Shown</dt><dd>{shown}</dd>" in format_page(found, Evidence()).replace("&#x27;", "'")


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x"])
def test_no_cell_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(format_csv(reported(RESOURCES), Evidence(revision=name)))))

    assert all(f"'{name}" in row for row in rows[1:])


def test_the_page_says_what_it_is_evidence_of_and_what_nobody_reads() -> None:
    found = reported([*RESOURCES, COPIED])
    text = format_page(found, Evidence(store="Vault at https://v:8200", updated="2026-03-01 09:30:00 UTC, update 7"))

    assert "<dt>Store of record</dt><dd>Vault at https://v:8200</dd>" in text
    assert "<dd>2026-03-01 09:30:00 UTC, update 7</dd>" in text
    assert "<dd>4 secrets, opened to 4 (1 by copies in etcd); 1 that nobody reads; 2 ways open more" in text
    assert f"<td>{NOBODY}</td><td>other/data/other</td>" in text
    assert "readers of Secrets in shop<small>by a copy in etcd</small>" in text


def test_the_csv_is_written_without_asking_twice(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "strongroom.ops.access.evidence.ask_pulumi", lambda *words: asked.append(words[1]) or json.dumps(HISTORY)
    )
    run("--csv", str(tmp_path / "a.csv"), "--html", str(tmp_path / "a.html"))

    assert asked == ["history"]
    for file in ("a.csv", "a.html"):
        assert "2026-03-01 09:30:00 UTC, update 7" in (tmp_path / file).read_text()
        assert CANARY not in (tmp_path / file).read_text()


def test_a_place_that_cannot_be_written_is_one_line(run: Any, tmp_path: Path) -> None:
    from strongroom.ops.errors import OpsError  # noqa: PLC0415

    with pytest.raises(OpsError, match=r"a\.svg can't be written: No such file or directory"):
        run("--svg", str(tmp_path / "nowhere" / "a.svg"))
