"""An auth method of machines that log in by a role id and a secret id."""

from typing import Annotated

import pulumi
import pulumi_vault

from ...args import Args
from ...field_types import ListOf, ObjectPath
from ...validators import require_unique
from ..remount import build_mount_options
from .login import LoginArgs
from .options import PolicyName, RoleOptions


class AppRole(RoleOptions, Args):
    """A machine that logs in by a role id and a secret id.

    (Vault docs: "AppRole auth method")
    """

    policies: ListOf[PolicyName]
    """The policies of its tokens."""


class AppRoleAuthArgs(LoginArgs):
    """The arguments of an `AppRoleAuth`."""

    path: ObjectPath = "approle"
    """Where the method is mounted."""

    roles: Annotated[ListOf[AppRole], require_unique("name", what="the name")]
    """The machines that may log in."""


class AppRoleAuth(pulumi.ComponentResource):
    """An AppRole auth method with its roles.

    No secret id is made: the one who starts the machine asks for one, wrapped, by
    `vault write -wrap-ttl=60s -f auth/<path>/role/<name>/secret-id`. (Vault docs: "AppRole pull authentication")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor."""

    def __init__(self, name: str, args: AppRoleAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount the method, and declare a role for each machine.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:AppRoleAuth", name, None, opts)
        mount = pulumi_vault.AuthBackend(
            name,
            type="approle",
            path=args.path,
            description="Mounted by Strongroom",
            opts=build_mount_options(self),
        )
        for role in args.roles:
            pulumi_vault.approle.AuthBackendRole(
                f"{name}/{role.name}",
                backend=args.path,
                role_name=role.name,
                token_policies=list(role.policies),
                secret_id_ttl=role.secret_id_ttl,
                secret_id_num_uses=role.secret_id_uses,
                secret_id_bound_cidrs=list(role.bound_cidrs) or None,
                token_bound_cidrs=list(role.bound_cidrs) or None,
                token_ttl=args.token_ttl,
                token_max_ttl=args.token_max_ttl,
                token_no_default_policy=True,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[mount]),
            )
        self.path, self.accessor = args.path, mount.accessor
        self.register_outputs({"path": self.path})
