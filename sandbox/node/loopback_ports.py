"""A CNI plugin, run by its path: it asks the node's first process for listeners in a pod's network, or to close them.

It imports nothing of the sandbox's, so that a pod waits for it some milliseconds. (CNI specification: "CNI operations")
"""

import json
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any


def main(given: dict[str, Any], environment: Mapping[str, str]) -> int:
    """Do what the container runtime asks for, after the plugins before.

    :param given: The plugin's configuration, with the result of those before.
    :param environment: What the runtime asks for.
    """
    command = environment["CNI_COMMAND"]
    if command in ("ADD", "DEL"):
        network = environment.get("CNI_NETNS", "")
        request = {"command": command, "container": environment["CNI_CONTAINERID"], "network": network}
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(given["socket"])
            connection.sendall(json.dumps(request).encode())
            connection.shutdown(socket.SHUT_WR)
            if error := connection.makefile().read():
                print(json.dumps({"cniVersion": given["cniVersion"], "code": 100, "msg": error}))
                return 1
    if command == "ADD":
        print(json.dumps(given["prevResult"]))
    elif command == "VERSION":
        version = given["cniVersion"]
        print(json.dumps({"cniVersion": version, "supportedVersions": [version]}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(json.load(sys.stdin), os.environ))
