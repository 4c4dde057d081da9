"""One bootstrap, as standard input asks for it, which tells its steps and kills itself after one of them."""

import json
import os
import signal
import sys

from strongroom.components.vault.bootstrap.key_store import KeyStoreError, build_key_store
from strongroom.components.vault.bootstrap.runner import BootstrapConfig, BootstrapError, bootstrap
from strongroom.components.vault.client import VaultNode


def main() -> None:
    asked = json.load(sys.stdin)

    def on_step(step: str) -> None:
        print(f"step {step}", flush=True)
        if step == asked["kill_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        result = bootstrap(
            [VaultNode.from_inputs(node) for node in asked["nodes"]],
            build_key_store(asked["key_store"]),
            BootstrapConfig(**asked["config"]),
            operator=asked["operator"],
            on_step=on_step,
        )
    except (BootstrapError, KeyStoreError) as error:
        print(f"error {error}")
        sys.exit(1)
    print(f"address {result.address}")


if __name__ == "__main__":
    main()
