"""One bootstrap, as standard input asks for it, which tells its steps and kills itself after one of them."""

import json
import os
import signal
import sys

from strongroom.components.vault.bootstrap.key_store import CustodyError, custody_of
from strongroom.components.vault.bootstrap.runner import BootstrapError, Plan, bootstrap
from strongroom.components.vault.client import VaultNode


def main() -> None:
    asked = json.load(sys.stdin)

    def passed(step: str) -> None:
        print(f"step {step}", flush=True)
        if step == asked["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        access = bootstrap(
            [VaultNode.from_inputs(node) for node in asked["nodes"]],
            custody_of(asked["custody"]),
            Plan(**asked["plan"]),
            operator=asked["operator"],
            passed=passed,
        )
    except (BootstrapError, CustodyError) as error:
        print(f"error {error}")
        sys.exit(1)
    print(f"address {access.address}")


if __name__ == "__main__":
    main()
