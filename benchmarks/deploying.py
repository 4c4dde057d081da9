"""Preview and up of workloads by Strongroom, and by hand."""

from collections.abc import Callable, Iterator

from .figures import Figure
from .measure import Usage
from .programs import AT_THE_END, Program, plain, strongroom
from .site import Site

_STEPS, _END = "up", "up, state written at the end"
LIMIT = 1.05


class UnlikeError(Exception):
    """Both programs must declare the same."""


def deploying(site: Site, count: int, rounds: int, *, stepwise: bool) -> Iterator[Figure]:
    """Preview and up of `count` workloads.

    :param rounds: How often each is measured.
    :param stepwise: Measure an up as the engine does it by itself too, which writes all of its state before and after
        each step: its time grows with the square of the resources.
    :raises UnlikeError: The programs don't declare the same.
    """
    programs = strongroom(site, count), plain(site, count)

    def figure(what: str, run: Callable[[Program], Usage]) -> Figure:
        with site.reporter.step(f"{what} of {count} workloads"):
            pairs = [(run(programs[0]), run(programs[1])) for _ in range(rounds)]
        return Figure(
            "a", what, "plain Pulumi", [ours for ours, _ in pairs], [theirs for _, theirs in pairs], count, LIMIT
        )

    yield figure("preview", lambda program: program.run("preview"))
    if stepwise:
        yield figure(_STEPS, lambda program: _deployed(program, {}))
    yield figure(_END, lambda program: _deployed(program, AT_THE_END))
    declared, by_hand = (program.declared for program in programs)
    if not declared or declared != by_hand:
        ours, theirs = declared - by_hand, by_hand - declared
        raise UnlikeError(f"only by Strongroom: {list(ours)[:2]}; only by hand: {list(theirs)[:2]}")


def _deployed(program: Program, variables: dict[str, str]) -> Usage:
    try:
        usage = program.run("up", **variables)
        program.note()
        return usage
    finally:
        program.run("destroy", **AT_THE_END)
