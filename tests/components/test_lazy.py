"""Importing Strongroom is free."""

import subprocess
import sys

import pytest

import strongroom


def test_importing_components_loads_no_provider_and_no_validation() -> None:
    heavy = "[m for m in ('pulumi', 'pulumi_vault', 'pulumi_kubernetes', 'pydantic') if m in sys.modules]"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, strongroom; print({heavy})"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", strongroom.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(strongroom, name).__doc__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        strongroom.Nothing  # noqa: B018
