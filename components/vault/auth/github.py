"""An auth method of members of a GitHub organization."""

import pulumi
import pulumi_vault

from ..remount import build_mount_options
from .login import LoginArgs
from .options import GithubOptions


class GithubAuthArgs(GithubOptions, LoginArgs):
    """The arguments of a `GithubAuth`."""


class GithubAuth(pulumi.ComponentResource):
    """A GitHub auth method: members of one organization log in with a token of theirs.

    `ExternalGroup` gives its teams their policies. (Vault docs: "GitHub auth method")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor, for `ExternalGroup`."""

    def __init__(self, name: str, args: GithubAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount and configure the method.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:GithubAuth", name, None, opts)
        backend = pulumi_vault.github.AuthBackend(
            name,
            path=args.path,
            description="Mounted by Strongroom",
            organization=args.organization,
            organization_id=args.organization_id,
            base_url=args.base_url,
            token_ttl=args.token_ttl,
            token_max_ttl=args.token_max_ttl,
            token_no_default_policy=True,
            opts=build_mount_options(self),
        )
        self.path, self.accessor = args.path, backend.accessor
        self.register_outputs({"path": args.path})
