"""Write the page's types from the wire's, `planaris.hmi.protocol`, as JSDoc: `tsc --checkJs` holds the page to them."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

from planaris.hmi import protocol

TARGET = Path(__file__).parents[1] / "src" / "planaris" / "hmi" / "static" / "types.js"
HEAD = """// Types of the wire, written by scripts/hmi_types.py from planaris/hmi/protocol.py: change that, not this.

export {};
"""
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def spelled(kind: Any) -> str:
    """Return a Python type as TypeScript spells it. Raises TypeError for one that the wire does not know."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_typeddict(kind):
        return kind.__name__
    origin, inner = get_origin(kind), get_args(kind)
    if origin is NotRequired:
        return spelled(inner[0])
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in inner)
    if origin is list:
        text = spelled(inner[0])
        return f"({text})[]" if "|" in text else f"{text}[]"
    if origin is tuple:
        return f"[{', '.join(spelled(part) for part in inner)}]"
    if origin is dict:
        return f"Record<string, {spelled(inner[1])}>"
    if origin is types.UnionType or str(origin) == "typing.Union":
        return " | ".join(dict.fromkeys(spelled(part) for part in inner))
    raise TypeError(f"{kind!r} has no place on the wire")


def text() -> str:
    """Return the whole file."""
    parts = [HEAD]
    for name, kind in vars(protocol).items():
        if is_typeddict(kind):
            hints = get_type_hints(kind, include_extras=True)
            lines = [f" * @typedef {{object}} {name}"]
            for field, hint in hints.items():
                spelling = spelled(hint)
                optional = get_origin(hint) is NotRequired
                lines.append(f" * @property {{{spelling}}} {f'[{field}]' if optional else field}")
            parts.append("/**\n" + "\n".join(lines) + "\n */\n")
        elif get_origin(kind) is types.UnionType and re.match(r"[A-Z]\w+Message$", name):
            parts.append(f"/** @typedef {{{spelled(kind)}}} {name} */\n")
    parts.append(f"export const PROTOCOL = {protocol.PROTOCOL_VERSION};\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    sys.exit(0)
