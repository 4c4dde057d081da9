"""Policies of groups of a directory."""

import pulumi
import pulumi_vault

from ...args import Args, Input
from ...derived_names import derive_name
from ...field_types import ListOf, ObjectPath, Text
from .options import PolicyName


class ExternalGroupArgs(Args):
    """The arguments of an `ExternalGroup`."""

    group: Text
    """The group, as the directory names it: a GitHub team's slug, the groups claim's value."""

    path: ObjectPath
    """Where its auth method is mounted."""

    accessor: Input[str]
    """That mount's accessor."""

    policies: ListOf[PolicyName]
    """Names of the policies."""


class ExternalGroup(pulumi.ComponentResource):
    """A group of a directory and its policies: an LDAP group, a GitHub team, a group in OIDC tokens.

    Its members' tokens get the policies for as long as the group has them, so that a change ends access at once; a
    member who leaves the group loses them with the next login. (Vault docs: "Identity: external groups")
    """

    def __init__(self, name: str, args: ExternalGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the group and its alias in the auth method.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        # States of version 0.1.0 have it by this name: it is not replaced.
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="strongroom:index:DirectoryGroup")])
        super().__init__("strongroom:index:ExternalGroup", name, None, pulumi.ResourceOptions.merge(opts, former))
        identity_group = pulumi_vault.identity.Group(
            name,
            name=build_group_name(args.path, args.group),
            type="external",
            policies=list(args.policies),
            opts=pulumi.ResourceOptions(parent=self),
        )
        pulumi_vault.identity.GroupAlias(
            name,
            name=args.group,
            mount_accessor=args.accessor,
            canonical_id=identity_group.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def build_group_name(path: str, group: str) -> str:
    """Build the name of the identity group of `group` of the directory at `path`.

    Vault folds the case of groups' names, and a group of the same name is changed rather than refused.
    (Vault docs: "/identity/group")
    """
    return derive_name(path, group, separator=".", limit=255, extra="_/")
