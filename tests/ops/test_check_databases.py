"""Databases that can't be reached, before a deployment."""

import socket
from collections.abc import Iterator

import pytest

from strongroom.components.vault.database_options import DatabaseOptions
from strongroom.ops.check.databases import check_databases
from strongroom.ops.findings import Finding
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from strongroom.stacks.settings.root import Settings

USER = "{{username}}:{{password}}"
HERE, THERE = "https://127.0.0.1:8200", "https://vault.example.net:8200"


@pytest.fixture
def server() -> Iterator[str]:
    """A server that accepts connections, at all addresses of this machine."""
    with socket.create_server(("", 0)) as made:
        yield f"127.0.0.1:{made.getsockname()[1]}"


def found(url: str, plugin: str = "postgresql", vault: str = HERE) -> list[Finding]:
    """What is found of a stack with that database."""
    settings: Settings = parse(
        {
            "backend": {
                "kind": "vault",
                "address": vault,
                "databases": [{"name": "shop", "plugin": plugin, "url": url, "username": "vault"}],
            },
            "credentials": {"database/shop": "canary"},
            "workloads": [],
        },
        stack="local",
    )
    return list(check_databases(settings.backend))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("plugin", "url"),
    [("postgresql", f"postgresql://{USER}@SERVER/shop"), ("mysql", f"{USER}@tcp(SERVER)/shop?tls=true")],
)
def test_a_database_that_accepts_connections_is_ok(server: str, plugin: str, url: str) -> None:
    (seen,) = found(url.replace("SERVER", server), plugin)

    assert (seen.name, seen.state, seen.seen) == (
        "database",
        "ok",
        f"the database shop at {server} accepts connections",
    )


def test_each_server_that_cannot_be_reached_is_a_warning_with_the_setting_to_correct(server: str) -> None:
    good, away = found(f"postgresql://{USER}@{server},127.0.0.1:1/shop?target_session_attrs=read-write")

    assert (good.state, away.state) == ("ok", "warning")
    assert "127.0.0.1:1 can't be reached from here (Connection refused), and Vault must reach it" in away.seen
    assert "backend.databases[0].url" in away.fix


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_what_is_on_the_machine_of_a_vault_elsewhere_is_not_tried(host: str) -> None:
    (seen,) = found(f"postgresql://{USER}@{host}/shop", vault=THERE)

    assert (seen.state, "on Vault's own machine" in seen.seen) == ("skipped", True)


@pytest.mark.parametrize(
    ("plugin", "url", "servers"),
    [
        ("postgresql", f"postgres://{USER}@db.example.net/shop", ["db.example.net:5432"]),
        ("postgresql", f"postgres://{USER}@[2001:db8::1],b:6432/shop", ["[2001:db8::1]:5432", "b:6432"]),
        ("postgresql", f"postgres://{USER}@%2Frun%2Fpostgresql/shop", []),
        ("mysql", f"{USER}@tcp(db.example.net)/shop", ["db.example.net:3306"]),
        ("mysql", f"{USER}@unix(/run/mysqld/mysqld.sock)/shop", []),
    ],
)
def test_a_url_names_its_servers_with_the_plugins_port(plugin: str, url: str, servers: list[str]) -> None:
    options = DatabaseOptions.model_validate({"name": "shop", "plugin": plugin, "url": url, "username": "vault"})

    assert options.servers == servers


def test_a_server_without_a_number_for_its_port_is_no_url() -> None:
    with pytest.raises(InvalidSettingsError, match="This is no URL of plugin 'postgresql'"):
        found(f"postgres://{USER}@db:port/shop")
