"""What Vault asks of GitHub, as GitHub's REST API documents it. (GitHub docs: "Users", "Organizations", "Teams")"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Github:
    """One organization with one team, and one member with one token."""

    organization = {"login": "acme", "id": 7}

    def __init__(self, token: str) -> None:
        answers: dict[str, Any] = {
            "/user": {"login": "octocat", "id": 1},
            "/user/orgs": [self.organization],
            "/user/teams": [{"name": "Security Team", "slug": "security-team", "organization": self.organization}],
            "/orgs/acme": self.organization,
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                known = self.headers.get("Authorization") == f"Bearer {token}" or path == "/orgs/acme"
                self.send_response(200 if known and path in answers else 401)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answers.get(path) if known else {"message": "Bad credentials"}).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
