"""The explanation of a message."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DRIVER_DOCS = 'Secrets Store CSI Driver docs: "Troubleshooting"'
AZURE_DOCS = 'Azure Key Vault provider docs: "Troubleshooting"'
AZURE_ISSUES = "Azure/secrets-store-csi-driver-provider-azure"
DRIVER_ISSUES = "kubernetes-sigs/secrets-store-csi-driver"
VAULT_ISSUES = "hashicorp/vault-csi-provider"
KUBERNETES_DOCS = "Kubernetes docs"
IDENTITY_DOCS = 'Microsoft Learn: "Microsoft Entra authentication and authorization error codes"'
VAULT_CODES = 'Microsoft Learn: "Azure Key Vault REST API error codes"'

ANY = "any other"
"""In `follows`: every cause that is not a consequence itself."""


@dataclass(frozen=True)
class Explanation:
    """The meaning of messages that match a pattern."""

    name: str
    """Name of the explanation."""

    pattern: re.Pattern[str]
    """Pattern that the message contains."""

    meaning: str
    fix: str

    source: str
    """Where the message comes from: a documentation page, or an issue, by its title."""

    context: re.Pattern[str] | None = None
    """Second pattern that the message must contain, if the first is ambiguous."""

    follows: Sequence[str] = ()
    """Names of the causes that it is a consequence of, or `ANY`."""

    unrelated: bool = False
    """Whether the message has nothing to do with secrets."""

    def fits(self, text: str) -> bool:
        """Return whether it explains `text`."""
        return bool(self.pattern.search(text) and (self.context is None or self.context.search(text)))

    def follows_from(self, others: Iterable["Explanation"]) -> bool:
        """Return whether it is a consequence of one of `others`."""
        return any(
            other.name in self.follows
            or (ANY in self.follows and not other.follows and (self.unrelated or not other.unrelated))
            for other in others
        )


def build_explanation(
    name: str, pattern: str, meaning: str, fix: str, source: str, *, context: str = "", follows: Sequence[str] = ()
) -> Explanation:
    """Build the explanation of messages that contain `pattern`, a regular expression; case is ignored.

    :param context: A second pattern, which must match too; if omitted, none.
    :param follows: Names of the causes that it is a consequence of.
    """
    needed = re.compile(context, re.IGNORECASE) if context else None
    return Explanation(name, re.compile(pattern, re.IGNORECASE), meaning, fix, source, needed, follows)


def build_unrelated(
    name: str, pattern: str, meaning: str, fix: str, source: str, *, follows: Sequence[str] = ()
) -> Explanation:
    """Build the explanation of messages that have nothing to do with secrets."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return Explanation(name, compiled, f"not about secrets: {meaning}", fix, source, None, follows, unrelated=True)
