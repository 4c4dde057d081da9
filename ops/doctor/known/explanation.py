"""What explains a message."""

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
    """What a message means."""

    name: str
    """What it is called here."""

    pattern: re.Pattern[str]
    """What is found in it."""

    meaning: str
    fix: str

    source: str
    """Where the message comes from: a documentation page, or an issue, by its title."""

    context: re.Pattern[str] | None = None
    """What must also be found in it, since the pattern alone may be about anything."""

    follows: Sequence[str] = ()
    """The causes beside which it says nothing more, being their consequence: names of explanations, or `ANY`."""

    elsewhere: bool = False
    """Whether what it explains has nothing to do with secrets."""

    def fits(self, text: str) -> bool:
        """Tell whether it explains `text`."""
        return bool(self.pattern.search(text) and (self.context is None or self.context.search(text)))

    def follows_from(self, others: Iterable["Explanation"]) -> bool:
        """Tell whether it is a consequence of one of `others`."""
        return any(
            other.name in self.follows
            or (ANY in self.follows and not other.follows and (self.elsewhere or not other.elsewhere))
            for other in others
        )


def explanation(
    name: str, pattern: str, meaning: str, fix: str, source: str, *, context: str = "", follows: Sequence[str] = ()
) -> Explanation:
    """Build what explains messages with `pattern` in them, a regular expression; upper and lower case are the same.

    :param context: Another one, which must also be found.
    :param follows: The causes of which it is a mere consequence.
    """
    needed = re.compile(context, re.IGNORECASE) if context else None
    return Explanation(name, re.compile(pattern, re.IGNORECASE), meaning, fix, source, needed, follows)


def elsewhere(
    name: str, pattern: str, meaning: str, fix: str, source: str, *, follows: Sequence[str] = ()
) -> Explanation:
    """Build what explains messages that have nothing to do with secrets, and says so."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return Explanation(name, compiled, f"not about secrets: {meaning}", fix, source, None, follows, elsewhere=True)
