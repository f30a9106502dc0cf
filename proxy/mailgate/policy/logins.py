"""Login names, compared as the whole gate compares them."""


def user_text(name: str) -> str:
    """A login name in ASCII lower case: letters beyond ASCII stay as they are, so that two people never become one."""
    return name.encode("utf-8", "backslashreplace").lower().decode()
