"""Where the head of the audit log is noted outside the store."""

from mailgate.config.addresses import ListenAnywhere
from mailgate.config.references import FilePlace
from mailgate.policy.apps import Strict


class WitnessSettings(Strict):
    """Where the head of the audit log is noted at each act and once a day, beside the gate's own log."""

    file: FilePlace | None = None
    """A file that only grows, relative to the settings; best where whoever can write to the store cannot."""
    syslog: ListenAnywhere | None = None
    """Who takes syslog: ``unix:/dev/log``, or host and port, by UDP."""
