"""People who log in by a browser at an identity provider."""

from collections.abc import Sequence
from typing import Annotated

import pulumi
import pulumi_vault

from ...field_types import SECRET, named
from ..remount import build_mount_options


class OidcAuth(pulumi.ComponentResource):
    """An OIDC auth method: people log in by a browser at an identity provider, and `ExternalGroup` says what the
    groups in their tokens may do. (Vault docs: "JWT/OIDC auth method", "OIDC provider configuration")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor, for `ExternalGroup`."""

    def __init__(
        self,
        name: str,
        *,
        path: str = "oidc",
        discovery_url: str,
        client_id: str,
        client_secret: Annotated[pulumi.Input[str], SECRET],
        redirect_uris: Sequence[str],
        user_claim: str = "sub",
        groups_claim: str = "groups",
        scopes: Sequence[str] = (),
        ca_certificate: str | None = None,
        token_ttl: int = 3600,
        token_max_ttl: int = 28800,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the method is mounted.
        :param discovery_url: The provider's issuer.
        :param client_id: The client that Vault is there.
        :param client_secret: That client's secret.
        :param redirect_uris: Where the provider may send a browser back to, exactly as it knows them.
        :param user_claim: The claim that tells people apart; one that is never given to somebody else.
        :param groups_claim: The claim with their groups.
        :param scopes: Scopes to ask for beside `openid`, where the provider needs one to tell groups.
        :param ca_certificate: PEM of the CA of the provider's certificate.
        :param token_ttl: Life of a login's Vault token, in seconds.
        :param token_max_ttl: Its longest life, with renewals, in seconds.
        :raises ValueError: A path that leads elsewhere than it says.
        """
        named(f"OidcAuth {name!r}: path", path)
        super().__init__("strongroom:index:OidcAuth", name, None, opts)
        made = pulumi_vault.jwt.AuthBackend(
            name,
            type="oidc",
            path=path,
            description="Mounted by Strongroom",
            oidc_discovery_url=discovery_url,
            oidc_discovery_ca_pem=ca_certificate,
            oidc_client_id=client_id,
            oidc_client_secret=pulumi.Output.secret(client_secret),
            default_role="default",
            opts=build_mount_options(self, "oidcClientSecret"),
        )
        pulumi_vault.jwt.AuthBackendRole(
            name,
            backend=path,
            role_name="default",
            role_type="oidc",
            user_claim=user_claim,
            groups_claim=groups_claim,
            oidc_scopes=list(scopes) or None,
            allowed_redirect_uris=list(redirect_uris),
            bound_audiences=[client_id],
            token_ttl=token_ttl,
            token_max_ttl=token_max_ttl,
            token_no_default_policy=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        )
        self.path, self.accessor = path, made.accessor
        self.register_outputs({"path": path})
