"""The amount of fuzzing: the same examples in each run, as many as a run has time for."""

from hypothesis import HealthCheck, settings

BOUNDED = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
