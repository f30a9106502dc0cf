"""The amount of every measurement."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The settings that cost time. Everything else is the same in every run."""

    rounds: int
    seconds: int
    """The length of one load."""
    rate_rounds: int
    rate_seconds: int
    device_rounds: int
    """The number of rounds, each about a thousand of a thousand devices, and about a thousand of a million."""
    retractions: int
    mix_rounds: int
    """The number of rounds of each mix at each system."""
    rate: int = 1000
    """The requests per second at a fixed rate."""
    idle: int = 10_000
    """The number of idle connections."""

    @property
    def transfers(self) -> int:
        """The number of transfers. A transfer takes a fraction of a second, so there are more of them."""
        return 3 * self.rounds


FULL = Plan(rounds=5, seconds=3, rate_rounds=5, rate_seconds=4, device_rounds=5, retractions=10, mix_rounds=5)
QUICK = Plan(rounds=3, seconds=1, rate_rounds=1, rate_seconds=3, device_rounds=2, retractions=3, mix_rounds=2)
