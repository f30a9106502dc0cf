"""All operations of the API, by noun (``console/nouns.py``), in the order of the console's menu."""

from mailgate.console.api.operation import Operation
from mailgate.console.nouns import of_every_noun

OPERATIONS: tuple[Operation, ...] = tuple(of_every_noun(__package__, "OPERATIONS"))
