"""How many SMS a text takes."""

# The alphabet of GSM 03.38. Characters of the extension take two places.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_ALPHABET = _BASIC | _EXTENSION


def parts(text: str) -> int:
    """The number of SMS that a text is cut into: at least one.

    One SMS holds 160 characters, or 70 if one of them is not in the GSM alphabet; the parts of a
    longer text hold 153 or 67.
    """
    if _ALPHABET.issuperset(text):
        length, single, multiple = len(text) + sum(map(text.count, _EXTENSION)), 160, 153
    else:
        length, single, multiple = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single else -(-length // multiple)
