"""An auth method of people of an LDAP directory."""

from collections.abc import Iterator
from typing import Annotated

import pulumi
import pulumi_vault

from ...args import Input
from ...cross_checks import cross_check
from ...field_types import SECRET, Switch
from ..remount import build_mount_options
from .login import LoginArgs
from .options import LdapOptions


class LdapAuthArgs(LdapOptions, LoginArgs):
    """The arguments of an `LdapAuth`."""

    bind_password: Annotated[Input[str] | None, SECRET] = None
    """The password of `bind_dn`."""

    ca_certificate: str | None = None
    """PEM of the CA of the directory's certificate; if omitted, the system's CAs."""

    production: Switch = True
    """Refuse a directory that passwords would travel to in cleartext."""

    @cross_check
    def _check_url(self) -> Iterator[tuple[str, str]]:
        if self.production:
            yield from self.list_plaintext()


class LdapAuth(pulumi.ComponentResource):
    """An LDAP auth method: people log in with the directory's user names and passwords.

    `ExternalGroup` gives its groups their policies. (Vault docs: "LDAP auth method")
    """

    path: str
    """The path that the method is mounted at."""

    accessor: pulumi.Output[str]
    """The mount's accessor, for `ExternalGroup`."""

    def __init__(self, name: str, args: LdapAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount and configure the method.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:LdapAuth", name, None, opts)
        backend = pulumi_vault.ldap.AuthBackend(
            name,
            path=args.path,
            description="Mounted by Strongroom",
            url=args.url,
            userdn=args.user_dn,
            userattr=args.user_attribute,
            groupdn=args.group_dn,
            groupattr=args.group_attribute,
            groupfilter=args.group_filter,
            binddn=args.bind_dn,
            bindpass=None if args.bind_password is None else pulumi.Output.secret(args.bind_password),
            discoverdn=args.bind_dn is None,
            certificate=args.ca_certificate,
            starttls=args.start_tls,
            insecure_tls=False,
            token_ttl=args.token_ttl,
            token_max_ttl=args.token_max_ttl,
            token_no_default_policy=True,
            opts=build_mount_options(self, "bindpass"),
        )
        self.path, self.accessor = args.path, backend.accessor
        self.register_outputs({"path": args.path})
