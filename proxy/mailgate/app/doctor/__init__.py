"""Everything that a gate needs, tried one by one for ``mailgate doctor``: a file for each place where it may fail."""
