"""User agents: the laptop for requests to all systems, a phone, and laptops never seen before."""

from collections.abc import Iterator

LAPTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.6 Mobile/15E148 Safari/604.1"
)


def never_seen() -> Iterator[str]:
    """Laptops, each with a version that no other has (``fresh_agents.lua`` sends similar ones)."""
    number = 0
    while True:
        number += 1
        yield LAPTOP.replace("142.0.0.0", f"142.0.{number // 1000}.{number % 1000}")
