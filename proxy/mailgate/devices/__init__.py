"""Reports about devices, and what follows from them: matching, trust, names, contradictions, posture. This room does no
I/O."""
