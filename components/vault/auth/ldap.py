"""People of an LDAP directory."""

from typing import Annotated

import pulumi
import pulumi_vault

from ...field_types import SECRET, named
from ..remount import build_mount_options


class LdapAuth(pulumi.ComponentResource):
    """An LDAP auth method: people log in with the directory's user names and passwords, and `ExternalGroup` says what
    its groups may do. (Vault docs: "LDAP auth method")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor, for `ExternalGroup`."""

    def __init__(
        self,
        name: str,
        *,
        path: str = "ldap",
        url: str,
        user_dn: str,
        user_attribute: str = "cn",
        group_dn: str,
        group_attribute: str = "cn",
        group_filter: str | None = None,
        bind_dn: str | None = None,
        bind_password: Annotated[pulumi.Input[str] | None, SECRET] = None,
        ca_certificate: str | None = None,
        start_tls: bool = False,
        token_ttl: int = 3600,
        token_max_ttl: int = 28800,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param path: Where the method is mounted.
        :param url: The directory's URL, `ldaps://…`; several with commas between them.
        :param user_dn: The entry that users are below.
        :param user_attribute: The attribute with the name that users log in by.
        :param group_dn: The entry that groups are below.
        :param group_attribute: The attribute with a group's name.
        :param group_filter: How a user's groups are found; Vault's own where it is left out.
        :param bind_dn: Who looks users up; nobody in particular where it is left out.
        :param bind_password: The password of `bind_dn`.
        :param ca_certificate: PEM of the CA of the directory's certificate.
        :param start_tls: Whether `ldap://` becomes TLS before anything is sent.
        :param token_ttl: Life of a login's Vault token, in seconds.
        :param token_max_ttl: Its longest life, with renewals, in seconds.
        :raises ValueError: A path that leads elsewhere than it says.
        """
        named(f"LdapAuth {name!r}: path", path)
        super().__init__("strongroom:index:LdapAuth", name, None, opts)
        made = pulumi_vault.ldap.AuthBackend(
            name,
            path=path,
            description="Mounted by Strongroom",
            url=url,
            userdn=user_dn,
            userattr=user_attribute,
            groupdn=group_dn,
            groupattr=group_attribute,
            groupfilter=group_filter,
            binddn=bind_dn,
            bindpass=None if bind_password is None else pulumi.Output.secret(bind_password),
            discoverdn=bind_dn is None,
            certificate=ca_certificate,
            starttls=start_tls,
            insecure_tls=False,
            token_ttl=token_ttl,
            token_max_ttl=token_max_ttl,
            token_no_default_policy=True,
            opts=build_mount_options(self, "bindpass"),
        )
        self.path, self.accessor = path, made.accessor
        self.register_outputs({"path": path})
