"""People with a password that Vault keeps."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import pulumi
import pulumi_vault

from ...field_types import SECRET, named, principal
from ..remount import build_mount_options


@dataclass(frozen=True)
class User:
    """Somebody with a password."""

    name: str
    """The user's name."""

    policies: Sequence[str]
    """The policies of their tokens."""

    password: Annotated[pulumi.Input[str], SECRET]
    """The password."""

    def __post_init__(self) -> None:
        """:raises ValueError: Its name is no `principal`."""
        named("user", self.name, principal)


class UserpassAuth(pulumi.ComponentResource):
    """A userpass auth method with its users; for where there is no directory. (Vault docs: "Userpass auth method")"""

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor."""

    def __init__(
        self,
        name: str,
        *,
        path: str = "userpass",
        users: Sequence[User],
        token_ttl: int = 3600,
        token_max_ttl: int = 28800,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the method is mounted.
        :param users: Who may log in.
        :param token_ttl: Life of a login's Vault token, in seconds.
        :param token_max_ttl: Its longest life, with renewals, in seconds.
        :raises ValueError: A path that leads elsewhere than it says.
        """
        named(f"UserpassAuth {name!r}: path", path)
        super().__init__("strongroom:index:UserpassAuth", name, None, opts)
        mount = pulumi_vault.AuthBackend(
            name,
            type="userpass",
            path=path,
            description="Mounted by Strongroom",
            opts=build_mount_options(self),
        )
        for user in users:
            password = pulumi.Output.secret(user.password)
            pulumi_vault.UserpassAuthBackendUser(
                f"{name}/{user.name}",
                mount=path,
                username=user.name,
                password_wo=password,
                # The provider never reads a password back: this is how it learns of another one.
                password_wo_version=password.apply(_version),
                token_policies=list(user.policies),
                token_ttl=token_ttl,
                token_max_ttl=token_max_ttl,
                token_no_default_policy=True,
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[mount], additional_secret_outputs=["passwordWo", "passwordWoVersion"]
                ),
            )
        self.path, self.accessor = path, mount.accessor
        self.register_outputs({"path": path})


def _version(password: str) -> int:
    return int.from_bytes(hashlib.sha256(password.encode()).digest()[:4]) >> 1
