import pytest

from benchmarks.common.table import listed, table, whole


def test_a_table_is_markdown_in_columns() -> None:
    assert table(("page", "a second"), [["ours", "14,900"], ["naive", "9"]]) == (
        "| page  | a second |\n| ----- | -------: |\n| ours  |   14,900 |\n| naive |        9 |"
    )


def test_a_row_with_another_number_of_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        table(("page", "a second"), [["ours"]])


def test_numbers_are_whole_with_thousands_apart() -> None:
    assert whole(12_345.6) == "12,346"
    assert listed([1.2, 1_000]) == "1, 1,000"
