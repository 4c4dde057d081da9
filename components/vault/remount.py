"""Options by which a mount of a Vault moves to another path."""

import pulumi


def build_mount_options(parent: pulumi.Resource, *secret_outputs: str) -> pulumi.ResourceOptions:
    """Build the options of an engine or auth method: another path makes another one, and then the old one goes.

    By itself the provider changes a path with `sys/remount`. That needs a right on every mount of the Vault, which no
    stack should have, and leaves what lies below the old path in the state. (Vault docs: "/sys/remount"; provider docs:
    "vault_mount")

    :param parent: The component that it belongs to.
    :param secret_outputs: Outputs that are secret whatever the provider says.
    """
    return pulumi.ResourceOptions(
        parent=parent, replace_on_changes=["path"], additional_secret_outputs=list(secret_outputs) or None
    )
