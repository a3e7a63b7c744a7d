"""What is sent instead of the key, and how bash writes it without showing the key."""

import re
from collections.abc import Callable

KEY_VARIABLE = "SMS_SCHEDULER_API_KEY"

# By what they are: the header made from the key, and the same for bash.
WRONG_KEYS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "no header": (lambda key: None, ""),
    "no key": (lambda key: "bearer", "bearer"),
    "another key": (lambda key: "bearer wrong", "bearer wrong"),
    "the key and more": (lambda key: f"bearer {key}x", f"bearer ${{{KEY_VARIABLE}}}x"),
    "a part of the key": (lambda key: f"bearer {key[:-1]}", f"bearer ${{{KEY_VARIABLE}%?}}"),
    "the first letter of the key": (lambda key: f"bearer {key[:1]}", f"bearer ${{{KEY_VARIABLE}:0:1}}"),
    "the key in the other case": (lambda key: f"bearer {_other_case(key)}", f"bearer ${{{KEY_VARIABLE}~~}}"),
    "basic authentication": (lambda key: "Basic d3Jvbmc6d3Jvbmc=", "Basic d3Jvbmc6d3Jvbmc="),
    "the scheme of something else": (lambda key: "Digest wrong", "Digest wrong"),
    "a word": (lambda key: "wrong", "wrong"),
}


def _other_case(key: str) -> str:
    """The key with its letters in the other case, or another key if it has no letters."""
    return key.swapcase() if key != key.swapcase() else "wrong"


def wrong_header(what: str, key: str) -> str | None:
    """The Authorization header that one of WRONG_KEYS stands for; another one if that happens to hold the right key."""
    header = WRONG_KEYS[what][0](key)
    return f"{header}-not" if header and header.split(" ")[-1] == key else header


def in_shell(header: str, key: str) -> str:
    """An Authorization header as bash writes it between double quotes, without showing the key."""
    scheme, _, given = header.partition(" ")
    if given == key:
        return f"{scheme} ${KEY_VARIABLE}"
    if given == f"{key}-not":
        return f"{scheme} ${{{KEY_VARIABLE}}}-not"
    for make, text in WRONG_KEYS.values():
        if make(key) == header:
            return text
    parts = header.split(key) if len(key) > 3 else [header]  # a shorter key is no secret, and in every word
    return f"${{{KEY_VARIABLE}}}".join(re.sub(r'([$`"\\])', r"\\\1", part) for part in parts)
