"""How long a value may live before an update makes another one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult
from typing_extensions import override

from .dynamic_providers import StableProvider


class Provider(StableProvider):
    """Keeps when a period began, and begins another one after its end."""

    stable_name = "rotation-period"

    @override
    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("period", _begin(props))

    @override
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        # A period that is given another length began when it did.
        end = datetime.fromisoformat(_olds["began"]) + timedelta(seconds=_news["seconds"])
        return DiffResult(changes=datetime.now(UTC) >= end)

    @override
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_begin(_news))


class RotationPeriod(Resource, module="strongroom", name="RotationPeriod"):
    """The period in which a value stays the same; the first update after its end begins another one.

    Only the state knows when it began: the clock is the deployer's, and no store is asked.
    """

    began: pulumi.Output[str]
    """When it began: `replacement_trigger` of what is made anew with it."""

    def __init__(self, name: str, seconds: int, opts: pulumi.ResourceOptions) -> None:
        """Declare the period.

        :param name: Its name in the stack.
        :param seconds: How long it lasts at least.
        """
        super().__init__(Provider(), name, {"seconds": seconds, "began": None}, opts)


def _begin(props: Mapping[str, Any]) -> dict[str, Any]:
    return {**props, "began": datetime.now(UTC).isoformat(timespec="seconds")}
