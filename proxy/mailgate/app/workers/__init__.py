"""Several processes on one machine: a supervisor that holds the ports, and workers that are gates of their own.

Each worker decides for itself, like gates on several machines that share a store: what one learns, the others know
within a second. Nothing but the listening sockets is shared between them.
"""

from mailgate.app.workers.listeners import ALONE, WorkerPlace
from mailgate.app.workers.supervisor import supervise, workers_of

__all__ = ["ALONE", "WorkerPlace", "supervise", "workers_of"]
