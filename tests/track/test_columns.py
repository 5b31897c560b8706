from hypothesis import given
from hypothesis import strategies as st

from ablate.track.columns import PLANNED, RUN, factor_column, factor_of, metric_column, metrics_among

NAMES = st.sampled_from([*PLANNED, *RUN, "index", "Unnamed: 0", "factor:a", "metric:a", "=1+1", "-a", "@x", "n", "a"])
SETS = st.lists(NAMES | st.text(min_size=1, max_size=6), unique=True, max_size=8)


@given(SETS, SETS)
def test_factors_and_metrics_of_any_names_have_columns_of_their_own(factors, metrics):
    of_factors = [factor_column(name) for name in factors]
    of_metrics = [metric_column(name, factors) for name in metrics]
    columns = [*PLANNED, *of_factors, *RUN, *of_metrics]
    assert len(set(columns)) == len(columns)
    assert [factor_of(column) for column in of_factors] == factors
    assert list(metrics_among(columns, [*PLANNED, *of_factors])) == metrics
    assert not any(column.startswith(("=", "+", "-", "@")) for column in columns)
