"""pip's own settings as uv's, so that both find the same registries and trust the same authorities."""

import ast
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECTIONS = ("global", "install", ":env:")
"""pip's sections, the strongest last."""

_WORDS = {"index-url": "UV_DEFAULT_INDEX", "timeout": "UV_HTTP_TIMEOUT", "default-timeout": "UV_HTTP_TIMEOUT"}
_WORDS |= {
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "retries": "UV_HTTP_RETRIES",
}
_LISTS = {"extra-index-url": "UV_INDEX", "trusted-host": "UV_INSECURE_HOST"}
_SWITCHES = {"no-index": "UV_NO_INDEX"}
_ON = {"1", "true", "yes", "on", "y", "t"}


def read_settings(pip: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Read pip's settings for `pip install`, from its files and its environment.

    :param pip: The command that runs pip.
    :param environment: The environment that pip is given.
    """
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False, env=environment)
    return parse_settings(listed.stdout)


def parse_settings(listed: str) -> dict[str, str]:
    """Parse what `pip config list` prints: a line `section.name='value'` a setting.

    :param listed: Its output.
    """
    by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in by_section:
            by_section[section][name] = ast.literal_eval(value)
    return {name: value for section in _SECTIONS for name, value in by_section[section].items()}


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Build the environment in which uv does what pip would do by `settings`.

    :param settings: pip's settings, by their long names.
    :param environment: The present environment: what it says to uv stays.
    """
    wanted = {"UV_SYSTEM_CERTS": "1"}
    # pip takes the best of all registries. That is safe here: each archive has the hash of the lock.
    wanted["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    wanted |= {_WORDS[name]: value for name, value in settings.items() if name in _WORDS}
    wanted |= {_LISTS[name]: " ".join(value.split()) for name, value in settings.items() if name in _LISTS}
    wanted |= {_SWITCHES[name]: "1" for name, value in settings.items() if name in _SWITCHES and value.lower() in _ON}
    # pip passes over a directory that isn't there, and uv fails.
    links = [link for link in settings.get("find-links", "").split() if "://" in link or Path(link).is_dir()]
    if links:
        wanted["UV_FIND_LINKS"] = ",".join(links)
    return {**wanted, **environment}
