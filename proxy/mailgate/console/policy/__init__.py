"""The rules in force, their versions, and the way back to one."""
