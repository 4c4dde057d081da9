"""What the CNI plugin asks for, and what it answers the container runtime."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.node.loopback_ports import main

RESULT = {"cniVersion": "0.4.0", "ips": []}


def asked(directory: Path, command: str, response: str = "") -> tuple[int, dict[str, str]]:
    """The exit code of a command, and what the node was asked, which answers with `response`."""
    place = str(directory / "node.sock")
    heard: list[dict[str, str]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(place)
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.append(json.loads(connection.makefile().read()))
                connection.sendall(response.encode())

        thread = threading.Thread(target=answer)
        thread.start()
        given: dict[str, Any] = {"cniVersion": "0.4.0", "socket": place, "prevResult": RESULT}
        code = main(given, {"CNI_COMMAND": command, "CNI_CONTAINERID": "abc", "CNI_NETNS": "/run/netns/pod"})
        thread.join()
    return code, heard[0]


def test_a_pod_that_is_added_has_the_result_of_the_plugins_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tmp_path, "ADD") == (0, {"command": "ADD", "container": "abc", "network": "/run/netns/pod"})
    assert json.loads(capsys.readouterr().out) == RESULT


def test_a_pod_that_goes_is_reported_and_nothing_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(tmp_path, "DEL")[1]["command"] == "DEL"
    assert capsys.readouterr().out == ""


def test_what_the_node_says_is_an_error_of_the_runtimes_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tmp_path, "ADD", "no such network")[0] == 1
    assert json.loads(capsys.readouterr().out) == {"cniVersion": "0.4.0", "code": 100, "msg": "no such network"}


@pytest.mark.parametrize(("command", "printed"), [("VERSION", "0.4.0"), ("CHECK", "")])
def test_nothing_else_asks_the_node(command: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"cniVersion": "0.4.0"}, {"CNI_COMMAND": command}) == 0
    assert printed in capsys.readouterr().out
