"""Items and messages of every kind, for properties."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from planaris.factory.secs2 import Format, Item, Message
from planaris.factory.secs2.format import INTEGER_RANGES, INTEGERS
from planaris.factory.secs2.items import BOOLEAN, C2, F4, F8, A, B, J, L, item_of

# A busy machine may take its time over an example.
unhurried = settings(deadline=None)
_JIS8 = "".join(chr(n) for n in [*range(0x80), *range(0xFF61, 0xFFA0), 0xA5, 0x203E] if chr(n) not in "\\~")
# C2 encodings whose tables are small enough to be listed: characters that come back as themselves.
_CODECS = {3: "ascii", 4: "latin-1", 8: "shift_jis", 9: "euc_jp", 10: "euc_kr", 11: "gb2312", 13: "big5"}
_SOME = [chr(n) for n in [*range(0x100), *range(0x3041, 0x30FF), *range(0x4E00, 0x4F00)]]


def _kept(char: str, codec: str) -> bool:
    try:
        return char.encode(codec).decode(codec) == char
    except UnicodeError:
        return False


_ALPHABETS = {number: "".join(char for char in _SOME if _kept(char, codec)) for number, codec in _CODECS.items()}


def _integers(fmt: Format) -> st.SearchStrategy[Item]:
    low, high = INTEGER_RANGES[fmt]
    return st.lists(st.integers(low, high), max_size=5).map(lambda values: item_of(fmt, values))


def _localised() -> st.SearchStrategy[Item]:
    wide = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(C2)
    ucs2 = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=8).map(lambda t: C2(t, 1))
    others = [
        st.text(st.sampled_from(alphabet), max_size=8).map(lambda text, number=number: C2(text, number))
        for number, alphabet in _ALPHABETS.items()
    ]
    return st.one_of([wide, ucs2, *others])


LEAVES = st.one_of(
    [
        st.binary(max_size=300).map(B),
        st.lists(st.booleans(), max_size=5).map(lambda values: BOOLEAN(*values)),
        st.text(st.characters(codec="ascii"), max_size=300).map(A),
        st.text(st.sampled_from(_JIS8), max_size=8).map(J),
        _localised(),
        st.lists(st.floats(width=32), max_size=5).map(lambda values: F4(*values)),
        st.lists(st.floats(), max_size=5).map(lambda values: F8(*values)),
        *map(_integers, sorted(INTEGERS)),
    ]
)
# Lists of one kind of number alone, as reports and traces are.
ROWS = st.one_of(
    st.lists(st.floats().map(F8), min_size=4, max_size=12).map(lambda items: L(*items)),
    st.lists(st.integers(0, 255).map(lambda n: item_of(Format.U1, n)), min_size=4, max_size=12).map(lambda i: L(*i)),
)
ITEMS = st.recursive(
    LEAVES | ROWS, lambda inner: st.lists(inner, max_size=6).map(lambda items: L(*items)), max_leaves=25
)
MESSAGES = st.builds(
    Message,
    st.integers(0, 127),
    st.integers(0, 255),
    st.booleans(),
    st.none() | ITEMS,
    st.just("") | st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True),
)
