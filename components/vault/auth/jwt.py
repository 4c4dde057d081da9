"""Service accounts that log in by their signed tokens alone."""

from collections.abc import Sequence

import pulumi
import pulumi_vault

from ...field_types import named
from ...workload import Workload
from ..remount import build_mount_options


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

    def __init__(
        self,
        name: str,
        *,
        path: str = "jwt",
        create: bool = True,
        issuer: pulumi.Input[str] | None = None,
        jwks_url: pulumi.Input[str] | None = None,
        public_keys: Sequence[str] = (),
        ca_certificate: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the method is mounted.
        :param create: Mount and configure it; `False` for a method that exists and is configured.
        :param issuer: The cluster's issuer, as its tokens name it. Vault reads the signing keys from there, unless
            `jwks_url` or `public_keys` say where else they are.
        :param jwks_url: URL of the keys, where the issuer can't be reached by its name.
        :param public_keys: The keys themselves, in PEM, where Vault reaches neither; to be changed when they rotate.
        :param ca_certificate: PEM of the CA of the issuer's, or the keys', server.
        :raises ValueError: `create` without `issuer`, or with two places of the keys; a path that leads elsewhere than
            it says.
        """
        named(f"JwtAuth {name!r}: path", path)
        super().__init__("strongroom:index:JwtAuth", name, None, opts)
        self.path = path
        self.ready = []
        if create:
            if issuer is None:
                raise ValueError(f"JwtAuth {name!r} needs issuer: the cluster's, as its tokens name it")
            if jwks_url is not None and public_keys:
                raise ValueError(f"JwtAuth {name!r}: jwks_url and public_keys both say what the keys are: keep one")
            discovered = jwks_url is None and not public_keys
            self.ready = [
                pulumi_vault.jwt.AuthBackend(
                    name,
                    type="jwt",
                    path=path,
                    description="Service accounts of workloads, mounted by Strongroom",
                    bound_issuer=issuer,
                    oidc_discovery_url=issuer if discovered else None,
                    oidc_discovery_ca_pem=ca_certificate if discovered else None,
                    jwks_url=jwks_url,
                    jwks_ca_pem=None if jwks_url is None else ca_certificate,
                    # Vault gives them back without blanks around them, and the provider compares.
                    jwt_validation_pubkeys=[key.strip() for key in public_keys] or None,
                    opts=build_mount_options(self),
                )
            ]
        self.register_outputs({"path": path})

    def role_for(
        self,
        workload: Workload,
        *,
        name: str,
        policy: str,
        audience: str,
        token_ttl: int,
        token_max_ttl: int,
        parent: pulumi.Resource,
    ) -> pulumi.Resource:
        """As `WorkloadAuth` says."""
        return pulumi_vault.jwt.AuthBackendRole(
            workload.path,
            backend=self.path,
            role_name=name,
            role_type="jwt",
            user_claim="sub",
            bound_subject=f"system:serviceaccount:{workload.namespace}:{workload.name}",
            bound_audiences=[audience],
            token_policies=[policy],
            token_no_default_policy=True,
            token_ttl=token_ttl,
            token_max_ttl=token_max_ttl,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=self.ready),
        )
