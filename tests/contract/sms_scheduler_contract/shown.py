"""What a server sent, as people may see it: nothing in it works on their terminal, and the key is not in it."""

import base64
import html
import json
import re
from urllib.parse import quote

import attrs

# A shorter key is no secret, and its letters are in every word.
_SHORTEST = 4
_INSTEAD = "[API key]"


def visible(text: str) -> str:
    """A text with escapes for all that is not seen as it is: control characters, and those that change the direction."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )


@attrs.frozen
class Shown:
    """Makes texts safe to show.

    Attributes:
        pattern: Finds the key in all the ways in which it may be written.
    """

    pattern: re.Pattern[str] | None

    @classmethod
    def without(cls, key: str) -> "Shown":
        """What shows texts without a key."""
        if len(key) < _SHORTEST:
            return cls(None)
        # the checks send a part of the key and its letters in the other case too
        forms = {key, key[:-1]} if len(key) > _SHORTEST else {key}
        written = {
            form for raw in forms for form in (raw, json.dumps(raw)[1:-1], quote(raw, safe=""), html.escape(raw))
        } | {base64.b64encode(key.encode()).decode()}
        longest_first = sorted(written, key=lambda form: (-len(form), form))
        return cls(re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE))

    def secret(self, text: str) -> str:
        """A text without the key."""
        return self.pattern.sub(_INSTEAD, text) if self.pattern else text

    def text(self, text: str) -> str:
        """A text of any number of lines. No further line looks like the first."""
        return visible(self.secret(text)).replace("\n", "\n  ")

    def line(self, text: str) -> str:
        """A text on one line."""
        return visible(self.secret(text)).replace("\n", "\\n")
