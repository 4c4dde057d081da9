"""Who can hold the lock of a bootstrap."""

import os
from pathlib import Path

import pytest

from strongroom.components.vault.bootstrap.azure_key_store import AzureKeyStore
from strongroom.components.vault.bootstrap.key_store import KeyStoreError
from strongroom.components.vault.bootstrap.lock import find_lock_directory, hold_lock

KEY_STORE = AzureKeyStore("https://kv-ops.vault.azure.net", "11111111-2222-3333-4444-555555555555")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory of this user."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_lock_that_is_held_keeps_others_out(tmp_path: Path) -> None:
    lock = tmp_path / "recovery.json.lock"
    with hold_lock(lock, 0), pytest.raises(KeyStoreError, match="Another run holds"), hold_lock(lock, 0):
        pass
    with hold_lock(lock, 0) as inherited:
        assert len(inherited) == 1


def test_the_lock_of_a_key_vault_is_in_a_directory_of_the_users_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    with KEY_STORE.lock(0):
        (lock,) = (home / "strongroom").iterdir()
        with pytest.raises(KeyStoreError, match=f"Another run holds {lock}"), KEY_STORE.lock(0):
            pass

    assert lock.stat().st_mode & 0o777 == 0o600
    assert lock.parent.stat().st_mode & 0o777 == 0o700
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_directory_that_others_can_write_to_is_no_place_for_a_lock(home: Path, mode: int) -> None:
    find_lock_directory().chmod(mode)

    with pytest.raises(KeyStoreError, match=r"is not this user's alone.*chmod 700"), KEY_STORE.lock(0):
        pass


def test_a_user_without_a_directory_is_reported_which_variable_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    with pytest.raises(KeyStoreError, match=r"Not a directory\. Set XDG_STATE_HOME"), KEY_STORE.lock(0):
        pass


def test_a_symbolic_link_in_a_locks_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "lock").symlink_to(target)

    with pytest.raises(KeyStoreError, match="it is a symbolic link"), hold_lock(tmp_path / "lock", 0):
        pass
    assert not target.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_lock_that_another_user_made_in_a_shared_directory_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch(0o666)
    os.chown(lock, 65534, 65534)
    with pytest.raises(KeyStoreError, match="belongs to another user"), hold_lock(lock, 0):
        pass

    # Their own directory is theirs to lock, as a container's root sees a mounted one.
    os.chown(tmp_path, 65534, 65534)
    with hold_lock(lock, 0):
        pass
