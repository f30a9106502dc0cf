"""Reports about devices and what they are worth: matching, trust, names, contradictions, posture. This room does no I/O."""
