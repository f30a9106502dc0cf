"""The start page of the demo: one click to be a person in front of the gate, or an admin behind it. A real gate has no
such page."""
