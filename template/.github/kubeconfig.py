"""Lets a kubeconfig of AKS log in by the Azure CLI, which the job has, so that no job that deploys installs kubelogin.

(Microsoft Learn: "Use kubelogin to authenticate users in Azure Kubernetes Service"; Kubernetes docs: "client-go
credential plugins")
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application that is the API server of every AKS cluster to Microsoft Entra ID."""

_CREDENTIAL = "{apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: {token: accessToken}}"
"""What the Azure CLI prints, as the plugins' protocol has it."""


def convert_user(user: dict[str, Any]) -> dict[str, Any]:
    """Return `user`, which logs in by kubelogin, as one that logs in by the Azure CLI; any other as it is.

    :raises ValueError: It logs in to another server than AKS's.
    """
    plugin = user.get("exec")
    if not plugin or plugin.get("command") != "kubelogin":
        return user
    server_id = re.search(r"--server-id[ =](\S+)", " ".join(plugin.get("args") or ()))
    if server_id is None or server_id[1] != _SERVER:
        raise ValueError(
            f"The kubeconfig asks for tokens of {server_id[1] if server_id else 'no server'}, not of AKS's {_SERVER}"
        )
    query = ["--resource", _SERVER, "--query", _CREDENTIAL, "--output", "json"]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "az",
            "args": ["account", "get-access-token", *query],
            "interactiveMode": "Never",
            "provideClusterInfo": False,
        }
    }


def main(file: Path) -> None:
    """Convert the users of the kubeconfig `file`.

    :param file: The kubeconfig, as `az aks get-credentials` writes it.
    """
    kubeconfig = yaml.safe_load(file.read_text())
    for entry in kubeconfig["users"]:
        entry["user"] = convert_user(entry["user"])
    partial = file.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as written:
        yaml.safe_dump(kubeconfig, written)
    partial.replace(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
