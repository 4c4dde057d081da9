"""Azure's clouds, by the names that the CSI provider gives them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from ..args import Args
from ..field_types import AbsolutePath, require_match
from ..hosts import Host

CloudName = Literal["AzurePublicCloud", "AzureUSGovernmentCloud", "AzureChinaCloud", "AzureStackCloud"]


Authority = Annotated[
    str,
    require_match(
        r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9.-]+)?",
        "is not a directory's host: write it without a scheme, e.g. login.microsoftonline.us",
    ),
]
"""Host of a cloud's directory, with a port and a path where a custom cloud has them."""


class Cloud(Args):
    """Where a cloud's services are."""

    name: CloudName
    """As a SecretProviderClass spells it."""

    environment: str = ""
    """As Pulumi's azure-native provider spells it; nothing for a custom cloud."""

    authority: Authority
    """Host of its directory."""

    vault_domain: Host
    """The domain of its key vaults."""

    management: Host | None = None
    """Host of its Resource Manager, where it is known."""

    environment_file: AbsolutePath | None = None
    """Path, in the CSI provider's pods, of the file that describes a custom cloud."""

    def build_vault_url(self, vault: str) -> str:
        """Return the URL of the data plane of the vault named `vault`."""
        return f"https://{vault}.{self.vault_domain}"


CLOUDS: Mapping[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            name="AzurePublicCloud",
            environment="public",
            authority="login.microsoftonline.com",
            vault_domain="vault.azure.net",
            management="management.azure.com",
        ),
        Cloud(
            name="AzureUSGovernmentCloud",
            environment="usgovernment",
            authority="login.microsoftonline.us",
            vault_domain="vault.usgovcloudapi.net",
            management="management.usgovcloudapi.net",
        ),
        Cloud(
            name="AzureChinaCloud",
            environment="china",
            authority="login.chinacloudapi.cn",
            vault_domain="vault.azure.cn",
            management="management.chinacloudapi.cn",
        ),
    )
}
"""The clouds that need no description. (Microsoft Learn: "About keys, secrets, and certificates", "National clouds")"""

PUBLIC = CLOUDS["AzurePublicCloud"]
