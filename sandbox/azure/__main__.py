"""Serve the emulator: `python -m sandbox.azure CONFIGURATION` runs until it is stopped."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvicorn

from ..ports import HOST
from .configuration import Configuration, assemble
from .proxy import Proxy


async def _serve(configuration: Configuration) -> None:
    app = assemble(configuration).emulator.app()
    common: dict[str, Any] = {
        "host": HOST,
        "log_level": "warning",
        "lifespan": "off",
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": 1,  # clients that keep their tunnel open would hold it up for half a minute
    }
    secure = uvicorn.Config(
        app,
        port=configuration.tls_port,
        ssl_certfile=str(configuration.certificate),
        ssl_keyfile=str(configuration.certificate_key),
        **common,
    )
    plain = uvicorn.Config(app, port=configuration.node_port, **common)
    servers = asyncio.gather(uvicorn.Server(secure).serve(), uvicorn.Server(plain).serve())
    proxy = asyncio.create_task(Proxy(configuration.tls_port).serve(configuration.proxy_port))
    try:
        await servers
    finally:
        proxy.cancel()


def main(file: Path) -> None:
    """Serve what `file` says."""
    asyncio.run(_serve(Configuration.model_validate_json(file.read_text())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
