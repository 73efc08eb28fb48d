import pytest

from benchmarks.common.figures import median, percentile, ratio


def test_the_median_is_the_middle_one_or_between_the_two() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5


@pytest.mark.parametrize(("share", "value"), [(0, 10), (25, 20), (50, 30), (95, 48), (100, 50)])
def test_percentiles_are_interpolated(share: float, value: float) -> None:
    assert percentile([50, 40, 30, 20, 10], share) == pytest.approx(value)


def test_a_single_sample_is_every_percentile() -> None:
    assert [percentile([7], share) for share in (0, 50, 95, 100)] == [7, 7, 7, 7]


def test_no_samples_have_no_median() -> None:
    with pytest.raises(ValueError, match="no samples"):
        median([])


def test_a_ratio_is_one_of_medians() -> None:
    assert ratio([10, 20, 1_000], [5, 4, 3]) == 5
