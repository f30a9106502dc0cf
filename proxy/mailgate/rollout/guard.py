"""How much one change of the rules may do before somebody has to stand up for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many people, or such a part of them, and as many devices or such a part of those."""

    most: int | float
    """A whole number counts; a fraction from 0 to 1 is a part."""

    def of(self, everybody: int) -> int:
        """How many that is among so many, rounded down."""
        return self.most if isinstance(self.most, int) else int(everybody * self.most)


def objections(plan: Mapping[str, Any], limit: Limit | None) -> list[str]:
    """Why a plan may not be put in force without more ado, in words; nothing where it may.

    Who may be kept out, for all that is known, counts as kept out. Devices count beside people, since
    not everybody who comes is named.
    """
    found = []
    if failed := plan["cases"]["failed"]:
        found.append(f"{len(failed)} of {plan['cases']['run']} cases do not hold")
    totals = plan["totals"]
    everybody = {"people": totals["people"], "devices": totals["devices"] + totals["clients"]}
    for noun, count in everybody.items():
        hit = plan["newly"]["block"][noun] + plan["newly"]["unknown"][noun]
        if limit is not None and hit > limit.of(count):
            found.append(
                f"{hit:,} of {count:,} {noun} would or might newly be kept out; the guard lets {limit.of(count):,} pass"
            )
    return found
