"""Detects growth by the straight line through measured points ("least squares"). Pure."""

from collections.abc import Sequence

Point = tuple[float, float]
"""A time in minutes, and an amount."""


def slope(points: Sequence[Point]) -> float:
    """The growth per minute, by the line that is nearest to all points. Raises ValueError for fewer than two
    instants."""
    mean_x = sum(x for x, _ in points) / max(1, len(points))
    mean_y = sum(y for _, y in points) / max(1, len(points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        raise ValueError("no line goes through points of one instant")
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def after(points: Sequence[Point], minutes: float) -> list[Point]:
    """The points from this time on."""
    return [point for point in points if point[0] >= minutes]


def growth(points: Sequence[Point]) -> float:
    """The growth from start to end by the line, so that single peaks count little."""
    return slope(points) * (points[-1][0] - points[0][0])


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Some of the points, evenly, with the first and the last."""
    if len(points) <= most:
        return list(points)
    last = len(points) - 1
    return [points[round(index * last / (most - 1))] for index in range(most)]
