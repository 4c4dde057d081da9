"""An auth method of people who log in by a browser at an identity provider."""

from typing import Annotated

import pulumi
import pulumi_vault

from ...args import Input
from ...field_types import SECRET
from ..remount import build_mount_options
from .login import LoginArgs
from .options import OidcOptions


class OidcAuthArgs(OidcOptions, LoginArgs):
    """The arguments of an `OidcAuth`."""

    client_secret: Annotated[Input[str], SECRET]
    """The client's secret."""

    ca_certificate: str | None = None
    """PEM of the CA of the provider's certificate; if omitted, the system's CAs."""


class OidcAuth(pulumi.ComponentResource):
    """An OIDC auth method: people log in by a browser at an identity provider.

    `ExternalGroup` gives the groups in their tokens their policies. (Vault docs: "JWT/OIDC auth method", "OIDC provider
    configuration")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor, for `ExternalGroup`."""

    def __init__(self, name: str, args: OidcAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount and configure the method, with one role for everybody.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:OidcAuth", name, None, opts)
        backend = pulumi_vault.jwt.AuthBackend(
            name,
            type="oidc",
            path=args.path,
            description="Mounted by Strongroom",
            oidc_discovery_url=args.discovery_url,
            oidc_discovery_ca_pem=args.ca_certificate,
            oidc_client_id=args.client_id,
            oidc_client_secret=pulumi.Output.secret(args.client_secret),
            default_role="default",
            opts=build_mount_options(self, "oidcClientSecret"),
        )
        pulumi_vault.jwt.AuthBackendRole(
            name,
            backend=args.path,
            role_name="default",
            role_type="oidc",
            user_claim=args.user_claim,
            groups_claim=args.groups_claim,
            oidc_scopes=list(args.scopes) or None,
            allowed_redirect_uris=list(args.redirect_uris),
            bound_audiences=[args.client_id],
            token_ttl=args.token_ttl,
            token_max_ttl=args.token_max_ttl,
            token_no_default_policy=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[backend]),
        )
        self.path, self.accessor = args.path, backend.accessor
        self.register_outputs({"path": args.path})
