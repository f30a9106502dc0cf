"""What reports say of a device and what that is worth: matching, trust, names, contradictions, posture. No I/O."""
