"""Runs tests in several processes that share what was loaded to collect them: `--processes N`.

pytest-xdist's workers each import and collect everything anew. Of the unit tests' time, that and its messages were a
quarter on two cores. Processes that are forked after the collection take chunks of it from one pipe, as they get free.
"""

import gc
import multiprocessing
import os
import queue
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import pytest

_CHUNK = 40
"""How many tests of a file are taken at most: few enough that all end at one time."""

_NUMBER = struct.Struct("i")


@dataclass
class _Process:
    """A process that was forked, and what it says."""

    pid: int
    connection: Connection
    runs: str = "nothing yet"
    """The test that it began last."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--processes", type=int, default=1, help="run tests in so many processes, forked once collected")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in as many processes as the option says.

    :raises pytest.Session.Interrupted: A process died.
    """
    count: Any = session.config.getoption("--processes")
    if count < 2 or session.testsfailed or session.config.option.collectonly:
        return None
    chunks = _divide(session.items)
    source = _fill_pipe(len(chunks))
    # Made before there are several that would each make one, and remove it at their own end.
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] - pytest has no public name for it
    gc.disable()  # they are gone in half a minute
    processes = [_fork(session, chunks, source) for _ in range(count - 1)]
    said: queue.SimpleQueue[tuple[_Process, Any]] = queue.SimpleQueue()
    listeners = [threading.Thread(target=_listen, args=(process, said), daemon=True) for process in processes]
    for listener in listeners:
        listener.start()
    try:
        for _ in _run(session, chunks, source):
            while not said.empty():
                _take(session, *said.get())
        for listener in listeners:
            listener.join()
        while not said.empty():
            _take(session, *said.get())
    except BaseException:
        for process in processes:
            os.kill(process.pid, 9)
        raise
    finally:
        ended = [(process.runs, os.waitpid(process.pid, 0)[1]) for process in processes]
    if dead := [runs for runs, status in ended if status]:
        raise session.Interrupted(f"a process died; it ran {' and '.join(dead)}")
    return True


def _divide(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    chunks: list[list[pytest.Item]] = []
    for item in items:
        if not chunks or chunks[-1][0].path != item.path or len(chunks[-1]) == _CHUNK:
            chunks.append([])
        chunks[-1].append(item)
    return chunks


def _fill_pipe(count: int) -> int:
    source, sink = os.pipe()
    os.write(sink, b"".join(map(_NUMBER.pack, range(count))))  # some hundred: a pipe holds thousands
    os.close(sink)
    return source


def _run(session: pytest.Session, chunks: list[list[pytest.Item]], source: int) -> Iterator[None]:
    """Run chunks while there are any; yields after each test."""

    def take() -> Iterator[pytest.Item]:
        while number := os.read(source, _NUMBER.size):
            yield from chunks[_NUMBER.unpack(number)[0]]

    items = take()
    item = next(items, None)
    while item is not None:
        following = next(items, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        yield
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following


def _fork(session: pytest.Session, chunks: list[list[pytest.Item]], source: int) -> _Process:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        sender.close()
        return _Process(pid, receiver)
    status = 1
    try:
        _report_to(session.config, sender)
        for _ in _run(session, chunks, source):
            pass
        status = 0
    finally:
        sender.close()
        os._exit(status)  # what the other process has to do at its end is not done twice


class _Teller:
    """Sends what happens to the process that reports."""

    def __init__(self, config: pytest.Config, sender: Connection) -> None:
        self._config = config
        self._sender = sender

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._sender.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._sender.send(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))


def _report_to(config: pytest.Config, sender: Connection) -> None:
    # What is captured goes to files whose position the other process would move.
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(_Teller(config, sender))


def _listen(process: _Process, said: "queue.SimpleQueue[tuple[_Process, Any]]") -> None:
    while True:
        try:
            said.put((process, process.connection.recv()))
        except EOFError:
            return


def _take(session: pytest.Session, process: _Process, message: Any) -> None:
    if isinstance(message, str):
        process.runs = message
        return
    hook = session.config.hook
    hook.pytest_runtest_logreport(report=hook.pytest_report_from_serializable(config=session.config, data=message))
