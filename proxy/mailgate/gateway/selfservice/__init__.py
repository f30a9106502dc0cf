"""What people see and do for themselves, below ``/.mailgate/``."""
