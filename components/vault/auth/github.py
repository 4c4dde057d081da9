"""Members of a GitHub organization."""

import pulumi
import pulumi_vault

from ...field_types import named
from ..remount import build_mount_options


class GithubAuth(pulumi.ComponentResource):
    """A GitHub auth method: members of one organization log in with a token of theirs, and `ExternalGroup` says what
    its teams may do. (Vault docs: "GitHub auth method")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor, for `ExternalGroup`."""

    def __init__(
        self,
        name: str,
        *,
        path: str = "github",
        organization: str,
        base_url: str | None = None,
        organization_id: int | None = None,
        token_ttl: int = 3600,
        token_max_ttl: int = 28800,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the method is mounted.
        :param organization: The organization.
        :param base_url: API of a GitHub Enterprise Server; github.com's where it is left out.
        :param organization_id: The organization's number; Vault looks it up where it is left out.
        :param token_ttl: Life of a login's Vault token, in seconds.
        :param token_max_ttl: Its longest life, with renewals, in seconds.
        :raises ValueError: A path that leads elsewhere than it says.
        """
        named(f"GithubAuth {name!r}: path", path)
        super().__init__("strongroom:index:GithubAuth", name, None, opts)
        made = pulumi_vault.github.AuthBackend(
            name,
            path=path,
            description="Mounted by Strongroom",
            organization=organization,
            organization_id=organization_id,
            base_url=base_url,
            token_ttl=token_ttl,
            token_max_ttl=token_max_ttl,
            token_no_default_policy=True,
            opts=build_mount_options(self),
        )
        self.path, self.accessor = path, made.accessor
        self.register_outputs({"path": path})
