"""What is known and decided, as plain data: the command line prints it, the console shows it, and neither thinks twice."""
