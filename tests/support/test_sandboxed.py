"""A session's servers end with it, however it ends."""

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from .sandboxed import ROOT

SESSION = """
import sys
from pathlib import Path
from tests.support.sandboxed import reaped
with reaped(Path(sys.argv[1])):
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_a_session_that_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "run").mkdir(parents=True)
    server = psutil.Popen(["sleep", "600"], start_new_session=True)
    try:
        (state / "run" / "etcd.json").write_text(json.dumps({"pid": server.pid, "born": server.create_time()}))
        session = subprocess.Popen(
            [sys.executable, "-c", SESSION, str(state)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with session:
            assert session.stdout and session.stdout.readline() == "begun\n"
            session.send_signal(signal.SIGKILL)

        assert server.wait(30) == -signal.SIGTERM
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.kill()
