"""The driver's and the provider's charts."""

import pytest

from strongroom import SecretsStoreCsiDriver, SecretsStoreCsiDriverArgs
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.helm.charts import SECRETS_STORE_CSI_DRIVER
from strongroom.components.kubernetes.csi_driver import CA_PATH
from tests.support.recording import Declare

RELEASE = "kubernetes:helm.sh/v3:Release"


def test_the_driver_requests_each_audience_once_and_syncs_and_rotates(declare: Declare) -> None:
    recorder = declare(
        lambda: SecretsStoreCsiDriver("driver", SecretsStoreCsiDriverArgs(audiences=["vault", "b", "vault"]))
    )

    assert recorder.one(RELEASE, "driver").inputs["values"] == {
        "syncSecret": {"enabled": True},
        "enableSecretRotation": True,
        "rotationPollInterval": "2m",
        "tokenRequests": [{"audience": "b"}, {"audience": "vault"}],
    }


def polling(interval: str) -> SecretsStoreCsiDriverArgs:
    chart = SECRETS_STORE_CSI_DRIVER.model_copy(update={"values": {"rotationPollInterval": interval}})
    return SecretsStoreCsiDriverArgs(audiences=["v"], driver_chart=chart)


@pytest.mark.parametrize("interval", ["5m", "121s", "1h"])
def test_an_interval_at_which_pods_start_without_secrets_is_refused(interval: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=f"rotation_poll_interval: '{interval}' must be 2m or less"):
        SecretsStoreCsiDriverArgs(audiences=["v"], rotation_poll_interval=interval)


@pytest.mark.parametrize("interval", ["5m", "121s", "1h", "1m61s"])
def test_a_chart_whose_values_poll_so_seldom_is_refused(declare: Declare, interval: str) -> None:
    with pytest.raises(ValueError, match=f"'{interval}' must be 2m or less"):
        declare(lambda: SecretsStoreCsiDriver("driver", polling(interval)))


@pytest.mark.parametrize("interval", ["2m", "120s", "1m60s", "20s"])
def test_a_driver_may_poll_every_two_minutes_or_more_often(declare: Declare, interval: str) -> None:
    release = declare(lambda: SecretsStoreCsiDriver("driver", polling(interval))).one(RELEASE, "driver")

    assert release.inputs["values"]["rotationPollInterval"] == interval


def test_the_provider_comes_without_a_server_after_the_driver(declare: Declare) -> None:
    provider = declare(lambda: SecretsStoreCsiDriver("driver", SecretsStoreCsiDriverArgs(audiences=["vault"]))).one(
        RELEASE, "driver-vault"
    )

    assert provider.inputs["values"] == {
        "csi": {"enabled": True, "agent": {"enabled": False}},
        "server": {"enabled": False, "serviceAccount": {"create": False}, "authDelegator": {"enabled": False}},
        "injector": {"enabled": False},
    }
    assert "driver" in provider.dependencies


def test_a_ca_is_mounted_where_classes_look_for_it(declare: Declare) -> None:
    recorder = declare(
        lambda: SecretsStoreCsiDriver("driver", SecretsStoreCsiDriverArgs(audiences=["v"], vault_ca_certificate="PEM"))
    )
    csi = recorder.one(RELEASE, "driver-vault").inputs["values"]["csi"]

    assert recorder.one("kubernetes:core/v1:ConfigMap").inputs["data"] == {"ca.crt": "PEM"}
    assert csi["volumes"] == [{"name": "vault-ca", "configMap": {"name": "driver-vault-ca"}}]
    assert f"{csi['volumeMounts'][0]['mountPath']}/ca.crt" == CA_PATH


def test_charts_are_pinned(declare: Declare) -> None:
    recorder = declare(lambda: SecretsStoreCsiDriver("driver", SecretsStoreCsiDriverArgs(audiences=["v"])))

    assert all(release.inputs["version"] for release in recorder.all(RELEASE))


def test_azures_provider_leaves_its_own_driver_out(declare: Declare) -> None:
    audience = "api://AzureADTokenExchange"
    recorder = declare(
        lambda: SecretsStoreCsiDriver(
            "driver", SecretsStoreCsiDriverArgs(audiences=[audience], providers=["azure", "vault"])
        )
    )
    provider = recorder.one(RELEASE, "driver-azure")

    assert provider.inputs["values"] == {"secrets-store-csi-driver": {"install": False}}
    assert "driver" in provider.dependencies
    assert {release.name for release in recorder.all(RELEASE)} == {"driver", "driver-azure", "driver-vault"}
