"""The types of options."""

import argparse
from pathlib import Path

import pytest

from tools.options import file_to_write


def test_a_file_to_write_need_not_be_there(tmp_path: Path) -> None:
    there = tmp_path / "there.svg"
    there.touch()
    assert file_to_write(str(there)) == there
    assert file_to_write(str(tmp_path / "new.svg")) == tmp_path / "new.svg"


@pytest.mark.parametrize("text", ["", ".", "/dev", __file__ + "/new.svg"])
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a file that can be written"):
        file_to_write(text)
