"""What the official chart is reported, for every kind of server."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.vault.server.args import VaultServerSpec, check_server
from strongroom.components.vault.server.chart_values import build_values
from strongroom.components.vault.server.seal import AzureKeyVaultSeal, ShamirSeal
from strongroom.components.vault.server.storage import ConsulStorage
from strongroom.components.vault.server.tls import SuppliedTls

from ..servers import SERVERS

GOLDEN = Path(__file__).parent / "golden"
TLS = SuppliedTls(secret="certificate")


class _Dumper(yaml.SafeDumper):
    """Configuration in lines, and no anchors, as a human reads it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def written(name: str) -> str:
    """The golden file of the server `name`, as it should be."""
    return yaml.dump(build_values(SERVERS[name]), Dumper=_Dumper, sort_keys=False)


@pytest.mark.parametrize("name", SERVERS)
def test_values_are_the_golden_ones(name: str) -> None:
    assert written(name) == (GOLDEN / f"{name}.yaml").read_text(), (
        "after a change that is meant, run: python -m tests.components.vault.server.test_chart_values"
    )


def test_every_golden_file_has_its_server() -> None:
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(SERVERS)


def configuration(server: VaultServerSpec) -> dict[str, Any]:
    said = build_values(server)["server"]
    return json.loads(said["ha"]["raft"]["config"] if server.mode == "ha" else said["standalone"]["config"])


def test_no_credential_lies_in_the_configuration() -> None:
    for name, variable in (("consul", "CONSUL_HTTP_TOKEN"), ("postgresql", "VAULT_PG_CONNECTION_URL")):
        said = build_values(SERVERS[f"ha-{name}"])["server"]
        assert variable in {given["envName"] for given in said["extraSecretEnvironmentVars"]}
        assert not {"token", "connection_url", "password"} & set(json.loads(said["ha"]["config"])["storage"][name])


def test_peers_find_each_other_by_the_names_of_their_certificate() -> None:
    server = VaultServerSpec(name="store", tls=TLS)
    assert [peer["leader_api_addr"] for peer in configuration(server)["storage"]["raft"]["retry_join"]] == [
        "https://store-0.store-internal:8200",
        "https://store-1.store-internal:8200",
        "https://store-2.store-internal:8200",
    ]


def test_configuration_has_nothing_that_the_chart_would_take_for_a_template() -> None:
    for server in SERVERS.values():
        said = build_values(server)["server"]
        texts = [said.get("standalone", {}).get("config", ""), said.get("ha", {}).get("raft", {}).get("config", "")]
        assert not any("{{" in text for text in texts)


def test_a_seal_that_opens_by_itself_lets_pods_be_rolled() -> None:
    azure = AzureKeyVaultSeal(tenant_id="tenant", client_id="client", vault_name="seals", key_name="key")
    assert build_values(VaultServerSpec(tls=TLS, seal=azure))["server"]["updateStrategyType"] == "RollingUpdate"
    assert build_values(VaultServerSpec(tls=TLS))["server"]["updateStrategyType"] == "OnDelete"


def test_extra_values_win_and_leave_the_rest() -> None:
    plain = build_values(VaultServerSpec(tls=TLS))
    extra = {"server": {"ha": {"replicas": 7}, "logLevel": "trace"}, "ui": {"serviceType": "LoadBalancer"}}
    said = build_values(VaultServerSpec(tls=TLS, extra_values=extra))
    assert said["server"]["ha"] == plain["server"]["ha"] | {"replicas": 7}
    assert said["server"]["logLevel"] == "trace"
    assert said["ui"] == {"enabled": False, "serviceType": "LoadBalancer"}
    assert said["global"] == plain["global"]


def issues(server: VaultServerSpec, production: bool) -> dict[str, str]:
    return dict(check_server(server, sealed=not isinstance(server.seal, ShamirSeal), production=production))


def test_production_refuses_the_dev_server_and_plain_http() -> None:
    assert issues(VaultServerSpec(mode="dev"), False) == {}
    assert issues(VaultServerSpec(mode="dev"), True)["mode"].startswith("'dev' keeps everything in me")
    for mode in ("standalone", "ha"):
        assert "refuses plain HTTP" in issues(VaultServerSpec(mode=mode), True)["tls"]
        assert issues(VaultServerSpec(mode=mode), False) == {}
        assert issues(VaultServerSpec(mode=mode, tls=TLS), True) == {}


@pytest.mark.parametrize("replicas", [0, 1, 2, 4])
def test_raft_wants_an_odd_number_of_peers(replicas: int) -> None:
    assert "use an odd number" in issues(VaultServerSpec(tls=TLS, replicas=replicas), True)["replicas"]
    shared = VaultServerSpec(tls=TLS, replicas=replicas, storage=ConsulStorage(address="consul:8501"))
    assert ("replicas" in issues(shared, True)) == (replicas < 2)


def test_most_peers_must_stay() -> None:
    for wrong in (0, 2):
        message = issues(VaultServerSpec(tls=TLS, max_unavailable=wrong), True)["maxUnavailable"]
        assert message.startswith(f"{wrong} of 3")
    assert issues(VaultServerSpec(tls=TLS, replicas=5, max_unavailable=2), True) == {}
    consul = VaultServerSpec(tls=TLS, replicas=4, max_unavailable=3, storage=ConsulStorage(address="consul:8501"))
    assert issues(consul, True) == {}


def test_a_dev_server_has_neither_tls_nor_a_seal() -> None:
    azure = AzureKeyVaultSeal(tenant_id="tenant", client_id="client", vault_name="seals", key_name="key")
    server = VaultServerSpec(mode="dev", tls=TLS, seal=azure, storage=ConsulStorage(address="consul:8501"))
    assert list(issues(server, False)) == ["tls", "seal", "storage"]


if __name__ == "__main__":
    for server_name in SERVERS:
        (GOLDEN / f"{server_name}.yaml").write_text(written(server_name))


@pytest.mark.parametrize("wrong", [{"vault_name": "a/b"}, {"key_name": "a_b"}, {"client_id": 1}])
def test_an_azure_seal_refuses_what_a_stack_file_is_refused(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"tenant_id": "tenant", "client_id": "client", "vault_name": "seals", "key_name": "key"}

    with pytest.raises(InvalidArgumentsError):
        AzureKeyVaultSeal(**given | wrong)
