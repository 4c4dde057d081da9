"""Who made what is in Azure, by when it was made."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from strongroom.ops.existing.azure import AzureFinder, find_creation
from strongroom.ops.existing.find import Existing
from strongroom.ops.origins.azure import AzureExaminer
from strongroom.ops.origins.origin import InterruptedUpdate, Maker
from strongroom.policy.rules import Declared

RAN = InterruptedUpdate(datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 10, 5, tzinfo=UTC))
VAULT = Declared("azure-native:keyvault:Vault", "urn:pulumi:dev::strongroom::azure-native:keyvault:Vault::vault", {})


class Found:
    """A finder that finds this."""

    def __init__(self, existing: Existing | None) -> None:
        self._existing = existing

    def find(self, _resource: Declared) -> Existing | None:
        return self._existing


@pytest.mark.parametrize(
    ("made", "maker"),
    [
        (datetime(2026, 3, 1, 10, 1, tzinfo=UTC), "stack"),
        (datetime(2026, 3, 1, 9, 59, 59, tzinfo=UTC), "other"),
        (datetime(2026, 3, 1, 11, tzinfo=UTC), "unknown"),
        (None, "unknown"),
    ],
)
def test_what_was_made_while_the_update_ran_is_the_stacks(made: datetime | None, maker: Maker) -> None:
    finder = cast("AzureFinder", Found(Existing("vault kv", "choose another name", made=made)))
    origin = AzureExaminer(finder).examine(VAULT, RAN)

    assert origin.maker == maker
    assert maker == "stack" or origin.reason.startswith("vault kv exists, ")


def test_what_is_not_there_was_made_by_nobody() -> None:
    assert AzureExaminer(cast("AzureFinder", Found(None))).examine(VAULT, RAN).maker == "nobody"


@pytest.mark.parametrize(
    ("versions", "made"),
    [
        ({"value": [{"attributes": {"created": 20}}, {"attributes": {"created": 10}}]}, 10),
        ({"value": [{"attributes": {"created": 20}}], "nextLink": "https://kv/more"}, None),
        ({"value": [{"attributes": {"created": 20}}, {"attributes": {}}]}, None),
        ({"value": [7]}, None),
    ],
)
def test_an_object_is_as_old_as_its_first_version(versions: Any, made: int | None) -> None:
    assert find_creation(versions) == (None if made is None else datetime.fromtimestamp(made, UTC))
