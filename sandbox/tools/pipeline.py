"""Builds one after another, each begun while the one before is linked: linking keeps one core busy, compiling all."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from .build import Workplace
from .catalogue import Tool
from .errors import ToolError

Build = Callable[[Workplace, Callable[[], None]], Path]
"""Builds a tool, calls what it was given when the tool is about to be linked, and returns the program."""


class Pipeline:
    """The builds of some tools, in the background."""

    def __init__(self, workplaces: Sequence[Workplace], build: Build) -> None:
        """
        :param workplaces: Where each tool is built, in the order of need.
        :param build: Builds one.
        """
        self._workplaces = workplaces
        self._build = build
        self._stopped = threading.Event()
        self._futures: dict[str, Future[Path]] = {each.tool.name: Future() for each in workplaces}
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._fetch_all, self._build_all)]
        for thread in self._threads:
            thread.start()

    def __contains__(self, name: str) -> bool:
        return name in self._futures

    def program(self, tool: Tool) -> Path:
        """Wait for the program of `tool`.

        :raises ToolError: It can't be built.
        """
        return self._futures[tool.name].result()

    def stop(self) -> None:
        """End what runs, and begin nothing more."""
        self._stopped.set()
        for each in self._workplaces:
            each.stop()
        self._threads[-1].join()

    def _fetch_all(self) -> None:
        for each in self._workplaces:
            # What can't be had is an error of the build's, which says more.
            with suppress(ToolError, OSError):
                if not self._stopped.is_set():
                    each.fetch()

    def _build_all(self) -> None:
        with ThreadPoolExecutor() as pool:
            for each in self._workplaces:
                linking = threading.Event()
                pool.submit(self._build_one, each, linking)
                linking.wait()

    def _build_one(self, workplace: Workplace, linking: threading.Event) -> None:
        future = self._futures[workplace.tool.name]
        try:
            if self._stopped.is_set():
                raise ToolError(f"{workplace.tool.name}: its build was not begun")
            future.set_result(self._build(workplace, linking.set))
        except BaseException as error:
            # Reported to the caller that waits for the program; the others are not begun.
            self._stopped.set()
            future.set_exception(error)
        finally:
            linking.set()
