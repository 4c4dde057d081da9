"""The auth method of service accounts that log in by their signed tokens alone."""

from collections.abc import Iterator

import pulumi
import pulumi_vault

from ...args import Args, Input
from ...cross_checks import cross_check
from ...field_types import ListOf
from ...urls import Https, Issuer
from ..remount import build_mount_options
from .kubernetes import WorkloadRole
from .options import JwtAuthOptions


class JwtAuthArgs(JwtAuthOptions, Args):
    """The arguments of a `JwtAuth`."""

    issuer: Input[Issuer] | None = None
    """The cluster's issuer, as its tokens name it. Required with `create`. Vault reads the signing keys from there,
    unless `jwks_url` or `public_keys` say where else they are."""

    jwks_url: Input[Https] | None = None
    """URL of the keys, where the issuer can't be reached by its name."""

    public_keys: ListOf[str] = ()
    """The keys themselves, in PEM, where Vault reaches neither; to be changed when they rotate."""

    ca_certificate: Input[str] | None = None
    """PEM of the CA of the issuer's, or the keys', server."""

    @cross_check
    def _check_issuer(self) -> Iterator[tuple[str, str]]:
        if self.create and self.issuer is None:
            yield "issuer", "This setting is required: name the cluster's issuer, as its tokens name it"


class JwtAuth(pulumi.ComponentResource):
    """A JWT auth method that knows the cluster's issuer: Vault checks a token's signature and asks no API server.

    It needs no reviewer and no way from Vault to the cluster, and so fits HCP Vault. A token is good until it expires,
    even if its pod is gone. (Vault docs: "Use JWT/OIDC auth with Kubernetes"; Kubernetes docs: "Service account issuer
    discovery")
    """

    path: str
    """The path that the method is mounted at."""

    ready: list[pulumi.Resource]
    """What must exist before a role can be made or a login can succeed."""

    def __init__(self, name: str, args: JwtAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount and configure the method, unless it exists.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:JwtAuth", name, None, opts)
        self.path = args.path
        self.ready = []
        if args.create:
            discovered = args.jwks_url is None and not args.public_keys
            self.ready = [
                pulumi_vault.jwt.AuthBackend(
                    name,
                    type="jwt",
                    path=args.path,
                    description="Service accounts of workloads, mounted by Strongroom",
                    bound_issuer=args.issuer,
                    oidc_discovery_url=args.issuer if discovered else None,
                    oidc_discovery_ca_pem=args.ca_certificate if discovered else None,
                    jwks_url=args.jwks_url,
                    jwks_ca_pem=None if args.jwks_url is None else args.ca_certificate,
                    # Vault gives them back without blanks around them, and the provider compares.
                    jwt_validation_pubkeys=[key.strip() for key in args.public_keys] or None,
                    opts=build_mount_options(self),
                )
            ]
        self.register_outputs({"path": args.path})

    def declare_role(self, role: WorkloadRole, opts: pulumi.ResourceOptions | None = None) -> pulumi.Resource:
        """Declare a role, as `WorkloadAuth` describes it."""
        return pulumi_vault.jwt.AuthBackendRole(
            role.workload.path,
            backend=self.path,
            role_name=role.name,
            role_type="jwt",
            user_claim="sub",
            bound_subject=f"system:serviceaccount:{role.workload.namespace}:{role.workload.service_account_name}",
            bound_audiences=[role.audience],
            token_policies=[role.policy],
            token_no_default_policy=True,
            token_ttl=role.token_ttl,
            token_max_ttl=role.token_max_ttl,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=self.ready)),
        )
