"""Who can read a recovery file."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore
from strongroom.components.vault.bootstrap.key_store import BootstrapState, KeyStoreError

RECORD = BootstrapState(shares=("c2hhcmU=",), threshold=1)


@pytest.fixture
def open_handed() -> Iterator[None]:
    """A process whose files are everybody's, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_handed")
def test_a_recovery_file_is_its_owners_alone(tmp_path: Path) -> None:
    key_store = FileKeyStore(str(tmp_path / "keys" / "recovery.json"))
    key_store.save(RECORD)

    assert key_store.path.stat().st_mode & 0o777 == 0o600
    assert key_store.path.parent.stat().st_mode & 0o777 == 0o700
    assert key_store.load() == RECORD


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_recovery_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    key_store = FileKeyStore(str(tmp_path / "recovery.json"))
    key_store.save(RECORD)
    key_store.path.chmod(mode)

    with pytest.raises(KeyStoreError, match="can be read by others than its owner: chmod 600"):
        key_store.load()
