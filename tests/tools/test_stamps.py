"""Stamps in real files."""

from pathlib import Path

import pytest

from tools.stamps import digest, is_stamped, stamp


def test_a_stamp_is_true_for_its_own_key_only(tmp_path: Path) -> None:
    path = tmp_path / "work.stamp"
    assert not is_stamped(path, digest(b"a"))
    stamp(path, digest(b"a"))
    assert is_stamped(path, digest(b"a"))
    assert not is_stamped(path, digest(b"b"))
    assert [each.name for each in tmp_path.iterdir()] == ["work.stamp"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"], ids=["empty", "not text"])
def test_a_broken_stamp_is_no_stamp(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "work.stamp"
    path.write_bytes(content)
    assert not is_stamped(path, digest(b"a"))


def test_contents_do_not_run_into_each_other() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
