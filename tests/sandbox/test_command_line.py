"""Errors and tables of the command line of the sandbox."""

import errno
import json
import sys

import pytest
import typer

from sandbox import __main__ as command
from sandbox.command_line import run
from sandbox.running import Sandbox, ServerStatus


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_closed_is_one_text(
    number: int, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()

    @app.command()
    def work() -> None:
        raise OSError(number, "no", "/x/state")

    monkeypatch.setattr(sys, "argv", ["work"])
    with pytest.raises(SystemExit) as ended:
        run(app, as_json=as_json)
    out, err = capsys.readouterr()

    assert ended.value.code == 1
    assert "/x/state" in err
    assert len(err.splitlines()) == 1
    assert not as_json or "/x/state" in json.loads(out)["error"]


def test_a_piped_table_is_as_wide_as_it_needs_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"https://{'a' * 300}:8200"
    monkeypatch.setattr(Sandbox, "status", lambda _: [ServerStatus("vault", True, 7, address)])
    monkeypatch.setattr(sys, "argv", ["sandbox", "status"])
    with pytest.raises(SystemExit) as ended:
        command.main()

    assert ended.value.code == 0
    assert address in capsys.readouterr().out
