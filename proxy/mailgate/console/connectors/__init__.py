"""The device inventories that a gate reads."""
