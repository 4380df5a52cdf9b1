"""How text becomes bytes: JIS-8 of format J, and the encodings of format C2."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Encoding header of C2 -> codec. From memory of SEMI E5, unverified; numbers without a codec are refused.
C2_CODECS: Mapping[int, str] = MappingProxyType(
    {
        1: "utf-16-be",  # UCS-2: characters above U+FFFF are refused
        2: "utf-8",
        3: "ascii",
        4: "latin-1",
        8: "shift_jis",
        9: "euc_jp",
        10: "euc_kr",
        11: "gb2312",
        13: "big5",
    }
)
UCS2, UTF8 = 1, 2

# JIS X 0201: ASCII but for yen and overline, and half-width katakana from 0xA1 to 0xDF.
_YEN, _OVERLINE, _FIRST_KATAKANA = "\u00a5", "\u203e", 0xFF61
_JIS8: Mapping[int, str] = {
    **{byte: chr(byte) for byte in range(0x80)},
    0x5C: _YEN,
    0x7E: _OVERLINE,
    **{byte: chr(_FIRST_KATAKANA + byte - 0xA1) for byte in range(0xA1, 0xE0)},
}
_JIS8_BYTES = {char: byte for byte, char in _JIS8.items()}


def jis8_bytes(text: str) -> bytes:
    """Return text as JIS-8. Raises UnicodeError at the first character that it lacks."""
    try:
        return bytes(map(_JIS8_BYTES.__getitem__, text))
    except KeyError as missing:
        at = text.index(missing.args[0])
        raise UnicodeEncodeError("jis-8", text, at, at + 1, "no such character in JIS-8") from None


def jis8_text(data: bytes) -> str:
    """Return JIS-8 bytes as text. Raises UnicodeError at the first byte that stands for nothing."""
    try:
        return "".join(map(_JIS8.__getitem__, data))
    except KeyError as missing:
        at = data.index(missing.args[0])
        raise UnicodeDecodeError("jis-8", data, at, at + 1, "no such character in JIS-8") from None


def c2_bytes(text: str, encoding: int) -> bytes:
    """Return the text of a C2 item without its header. Raises UnicodeError; KeyError for an unknown encoding."""
    if encoding == UCS2 and any(high := [char for char in text if ord(char) > 0xFFFF]):
        at = text.index(high[0])
        raise UnicodeEncodeError("ucs-2", text, at, at + 1, "beyond U+FFFF")
    return text.encode(C2_CODECS[encoding])


def c2_text(data: bytes, encoding: int) -> str:
    """Return the text of a C2 item from what follows its header. Raises as `c2_bytes`."""
    text = data.decode(C2_CODECS[encoding])
    if encoding == UCS2 and any(ord(char) > 0xFFFF for char in text):
        raise UnicodeDecodeError("ucs-2", data, 0, len(data), "a surrogate pair is no UCS-2")
    return text
