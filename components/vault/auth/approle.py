"""Machines that log in by a role id and a secret id."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault

from ...field_types import named, principal
from ..remount import build_mount_options


@dataclass(frozen=True)
class AppRole:
    """A machine that logs in by a role id and a secret id. (Vault docs: "AppRole auth method")"""

    name: str
    """The role's name."""

    policies: Sequence[str]
    """The policies of its tokens."""

    secret_id_ttl: int = 86400
    """How long a secret id is good, in seconds."""

    secret_id_uses: int = 1
    """How often a secret id is good."""

    bound_cidrs: Sequence[str] = ()
    """Where it may log in from, e.g. `10.1.0.0/16`; from anywhere where they are left out."""

    def __post_init__(self) -> None:
        """:raises ValueError: Its name is no `principal`."""
        named("AppRole", self.name, principal)


class AppRoleAuth(pulumi.ComponentResource):
    """An AppRole auth method with its roles. No secret id is made: whoever starts the machine asks for one, wrapped, by
    `vault write -wrap-ttl=60s -f auth/<path>/role/<name>/secret-id`. (Vault docs: "AppRole pull authentication")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor."""

    def __init__(
        self,
        name: str,
        *,
        path: str = "approle",
        roles: Sequence[AppRole],
        token_ttl: int = 3600,
        token_max_ttl: int = 28800,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the method is mounted.
        :param roles: Who may log in.
        :param token_ttl: Life of a login's Vault token, in seconds.
        :param token_max_ttl: Its longest life, with renewals, in seconds.
        :raises ValueError: A path that leads elsewhere than it says.
        """
        named(f"AppRoleAuth {name!r}: path", path)
        super().__init__("strongroom:index:AppRoleAuth", name, None, opts)
        mount = pulumi_vault.AuthBackend(
            name,
            type="approle",
            path=path,
            description="Mounted by Strongroom",
            opts=build_mount_options(self),
        )
        for role in roles:
            pulumi_vault.approle.AuthBackendRole(
                f"{name}/{role.name}",
                backend=path,
                role_name=role.name,
                token_policies=list(role.policies),
                secret_id_ttl=role.secret_id_ttl,
                secret_id_num_uses=role.secret_id_uses,
                secret_id_bound_cidrs=list(role.bound_cidrs) or None,
                token_bound_cidrs=list(role.bound_cidrs) or None,
                token_ttl=token_ttl,
                token_max_ttl=token_max_ttl,
                token_no_default_policy=True,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[mount]),
            )
        self.path, self.accessor = path, mount.accessor
        self.register_outputs({"path": path})
