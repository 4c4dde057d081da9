"""The credentials that Strongroom itself uses with Azure's data plane."""

import os
from pathlib import Path

from azure.core.credentials import TokenCredential
from azure.identity import ClientAssertionCredential, ClientSecretCredential, DefaultAzureCredential

from .client import build_client_options


def find_credential(tenant: str, authority: str) -> TokenCredential:
    """Find the credential that the azure-native provider would use, in the same environment.

    A client secret (`ARM_CLIENT_SECRET`), a token of the CI system (`ARM_OIDC_TOKEN` or `ARM_OIDC_TOKEN_FILE_PATH`), or
    whatever azure-identity's default finds: the Azure CLI's login, a managed identity, `AZURE_…`.
    (Pulumi docs: "Azure Native: Installation & Configuration")

    :param tenant: The tenant's id.
    :param authority: Microsoft Entra ID's host.
    """
    client = os.environ.get("ARM_CLIENT_ID")
    if client and (secret := os.environ.get("ARM_CLIENT_SECRET")):
        return ClientSecretCredential(tenant, client, secret, authority=authority, **build_client_options())
    if client and (token := os.environ.get("ARM_OIDC_TOKEN")):
        return ClientAssertionCredential(tenant, client, lambda: token, authority=authority, **build_client_options())
    if client and (file := os.environ.get("ARM_OIDC_TOKEN_FILE_PATH")):
        return ClientAssertionCredential(
            tenant, client, Path(file).read_text, authority=authority, **build_client_options()
        )
    return DefaultAzureCredential(authority=authority, **build_client_options())
