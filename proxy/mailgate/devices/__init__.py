"""Reports about devices, and the conclusions from them: matching, trust, names, contradictions, posture. This room does no
I/O."""
