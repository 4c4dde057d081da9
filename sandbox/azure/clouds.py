"""The names that Azure's clouds answer under."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """One cloud. (Microsoft Learn: "Azure Key Vault keys, secrets and certificates overview", "National clouds")"""

    directory: str
    """Host of its Microsoft Entra ID."""

    vaults: str
    """Domain of its key vaults."""

    management: str
    """Host of its Resource Manager."""


CLOUDS = (
    Cloud("login.microsoftonline.com", "vault.azure.net", "management.azure.com"),
    Cloud("login.microsoftonline.us", "vault.usgovcloudapi.net", "management.usgovcloudapi.net"),
    Cloud("login.chinacloudapi.cn", "vault.azure.cn", "management.chinacloudapi.cn"),
)

NODE = "169.254.169.254"
"""Where a node finds its instance metadata."""


def cloud_of(host: str) -> Cloud | None:
    """Return the cloud that `host` belongs to."""
    for cloud in CLOUDS:
        if host in {cloud.directory, cloud.management} or vault_of(host, cloud):
            return cloud
    return None


def vault_of(host: str, cloud: Cloud) -> str | None:
    """Return the name of the key vault at `host`."""
    name, dot, domain = host.partition(".")
    return name.lower() if dot and domain == cloud.vaults else None


def names() -> list[str]:
    """Return every name that the emulator's certificate must bear."""
    return [name for cloud in CLOUDS for name in (cloud.directory, f"*.{cloud.vaults}", cloud.management)]
