"""The start page of the demo: one click to be somebody before the gate, or an admin behind it. No gate has any of this."""
