"""An auth method of people with a password that Vault keeps."""

from typing import Annotated

import pulumi
import pulumi_vault

from ...args import Args, Input
from ...field_types import SECRET, ListOf, ObjectPath
from ...validators import require_unique
from ..remount import build_mount_options
from ..write_only import derive_version
from .login import LoginArgs
from .options import PolicyName, Principal


class User(Args):
    """A person with a password."""

    name: Principal
    """The user's name."""

    policies: ListOf[PolicyName]
    """The policies of their tokens."""

    password: Annotated[Input[str], SECRET]
    """The password."""


class UserpassAuthArgs(LoginArgs):
    """The arguments of a `UserpassAuth`."""

    path: ObjectPath = "userpass"
    """Where the method is mounted."""

    users: Annotated[ListOf[User], require_unique("name", what="the name")]
    """The people who may log in."""


class UserpassAuth(pulumi.ComponentResource):
    """A userpass auth method with its users; for where there is no directory.

    (Vault docs: "Userpass auth method")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor."""

    def __init__(self, name: str, args: UserpassAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount the method, and declare its users.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:UserpassAuth", name, None, opts)
        mount = pulumi_vault.AuthBackend(
            name,
            type="userpass",
            path=args.path,
            description="Mounted by Strongroom",
            opts=build_mount_options(self),
        )
        for user in args.users:
            password = pulumi.Output.secret(user.password)
            pulumi_vault.UserpassAuthBackendUser(
                f"{name}/{user.name}",
                mount=args.path,
                username=user.name,
                password_wo=password,
                # The provider never reads a password back: this is how it learns of another one.
                password_wo_version=password.apply(derive_version),
                token_policies=list(user.policies),
                token_ttl=args.token_ttl,
                token_max_ttl=args.token_max_ttl,
                token_no_default_policy=True,
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[mount], additional_secret_outputs=["passwordWo", "passwordWoVersion"]
                ),
            )
        self.path, self.accessor = args.path, mount.accessor
        self.register_outputs({"path": args.path})
