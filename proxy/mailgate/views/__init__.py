"""Facts and decisions as plain data, made once: the command line prints them, and the API and the console show them."""
