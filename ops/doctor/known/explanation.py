"""What explains a message."""

import re
from dataclasses import dataclass

DRIVER_DOCS = 'Secrets Store CSI Driver docs: "Troubleshooting"'
AZURE_DOCS = 'Azure Key Vault provider docs: "Troubleshooting"'
AZURE_ISSUES = "Azure/secrets-store-csi-driver-provider-azure"
DRIVER_ISSUES = "kubernetes-sigs/secrets-store-csi-driver"
VAULT_ISSUES = "hashicorp/vault-csi-provider"


@dataclass(frozen=True)
class Explanation:
    """What a message means."""

    name: str
    """What it is called here."""

    pattern: re.Pattern[str]
    """What is found in it."""

    meaning: str
    fix: str

    source: str
    """Where the message comes from: a documentation page, or an issue, by its title."""


def explanation(name: str, pattern: str, meaning: str, fix: str, source: str) -> Explanation:
    """What explains messages with `pattern`, a regular expression, in them; upper and lower case are the same."""
    return Explanation(name, re.compile(pattern, re.IGNORECASE), meaning, fix, source)
