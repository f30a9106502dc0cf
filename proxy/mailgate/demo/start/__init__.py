"""The start page of the demo: one click to be a person before the gate, or an admin. No real gate has it."""
