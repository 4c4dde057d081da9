"""Azure's clouds, by the names that the CSI provider gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CloudName = Literal["AzurePublicCloud", "AzureUSGovernmentCloud", "AzureChinaCloud", "AzureStackCloud"]


@dataclass(frozen=True)
class Cloud:
    """Where a cloud's services are."""

    name: CloudName
    """As a SecretProviderClass spells it."""

    environment: str
    """As Pulumi's azure-native provider spells it."""

    authority: str
    """Host of its directory."""

    vault_domain: str
    """The domain of its key vaults."""

    management: str | None = None
    """Host of its Resource Manager, where it is known."""

    environment_file: str | None = None
    """Path, in the CSI provider's pods, of the file that describes a custom cloud."""

    def vault_url(self, vault: str) -> str:
        """Return the URL of the data plane of the vault named `vault`."""
        return f"https://{vault}.{self.vault_domain}"


CLOUDS: Mapping[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud("AzurePublicCloud", "public", "login.microsoftonline.com", "vault.azure.net", "management.azure.com"),
        Cloud(
            "AzureUSGovernmentCloud",
            "usgovernment",
            "login.microsoftonline.us",
            "vault.usgovcloudapi.net",
            "management.usgovcloudapi.net",
        ),
        Cloud(
            "AzureChinaCloud",
            "china",
            "login.chinacloudapi.cn",
            "vault.azure.cn",
            "management.chinacloudapi.cn",
        ),
    )
}
"""The clouds that need no description. (Microsoft Learn: "About keys, secrets, and certificates", "National clouds")"""

PUBLIC = CLOUDS["AzurePublicCloud"]
