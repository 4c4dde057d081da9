"""What uv gets of pip's settings."""

import sys
from pathlib import Path

from scripts.pip_settings import parse_settings, read_settings, uv_environment


def test_the_environment_outweighs_a_file_and_a_command_its_neighbours() -> None:
    listed = "global.timeout='15'\ninstall.timeout='60'\ndownload.timeout='1'\n:env:.index-url='https://e/simple'\n"
    listed += "global.index-url='https://file/simple'\n"

    assert parse_settings(listed) == {"timeout": "60", "index-url": "https://e/simple"}


def test_pip_is_asked_for_its_own_settings(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nextra-index-url =\n    https://one/simple\n    https://two/simple\n")
    environment = {"PIP_CONFIG_FILE": str(file), "PIP_CERT": "/ca.pem", "HOME": str(tmp_path)}

    settings = read_settings([sys.executable, "-m", "pip"], environment)

    given = uv_environment(settings, {})
    assert (given["UV_INDEX"], given["SSL_CERT_FILE"]) == ("https://one/simple https://two/simple", "/ca.pem")


def test_all_that_names_a_registry_reaches_uv(tmp_path: Path) -> None:
    settings = {
        "index-url": "https://user:word@e/simple",
        "trusted-host": "e\nf:8443",
        "find-links": f"{tmp_path} https://links/ {tmp_path / 'missing'}",
        "no-index": "true",
        "default-timeout": "180",
        "client-cert": "/me.pem",
        "proxy": "http://p:1",
        "retries": "9",
        "quiet": "1",
    }

    assert uv_environment(settings, {"PATH": "/bin"}) == {
        "PATH": "/bin",
        "UV_SYSTEM_CERTS": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://user:word@e/simple",
        "UV_INSECURE_HOST": "e f:8443",
        "UV_FIND_LINKS": f"{tmp_path},https://links/",
        "UV_NO_INDEX": "1",
        "UV_HTTP_TIMEOUT": "180",
        "SSL_CLIENT_CERT": "/me.pem",
        "ALL_PROXY": "http://p:1",
        "UV_HTTP_RETRIES": "9",
    }


def test_what_the_user_says_to_uv_stays() -> None:
    given = uv_environment({"index-url": "https://pip/simple"}, {"UV_DEFAULT_INDEX": "https://uv/simple"})

    assert given["UV_DEFAULT_INDEX"] == "https://uv/simple"
    assert "UV_NO_INDEX" not in uv_environment({"no-index": "false"}, {})
