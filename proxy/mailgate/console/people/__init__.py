"""People, their requests for help, and what the help desk does for one."""
