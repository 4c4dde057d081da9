"""A server in front of Vault that can be set to refuse what is written, quoting it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests


class Echo:
    """Hands everything on to Vault, or answers every write with an error that has the whole request in it."""

    def __init__(self, vault: str, authority: Path) -> None:
        """
        :param vault: Vault's URL.
        :param authority: The CA of its certificate.
        """
        self.quoting = False
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Nothing is reported."""

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if echo.quoting and body:
                    token = self.headers.get("X-Vault-Token", "")
                    said = {"errors": [f"can't take {body.decode()} from {token}"]}
                    self.reply(400, json.dumps(said).encode())
                    return
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}
                }
                try:
                    answer = requests.request(
                        self.command,
                        f"{vault}{self.path}",
                        data=body,
                        headers=headers,
                        verify=str(authority),
                        timeout=60,
                    )
                except requests.RequestException:
                    self.reply(502, b"{}")
                    return
                self.reply(answer.status_code, answer.content)

            def reply(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = do_HEAD = answer  # noqa: N815 - as the base class looks for them

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
