"""SECS-II: items, their bytes, and messages. Knows nothing of transport, time or GEM."""

from planaris.factory.secs2 import items
from planaris.factory.secs2.codec import Limits, decode, encode
from planaris.factory.secs2.compiled import BodyEncoder, Many, Shape
from planaris.factory.secs2.errors import SecsDecodeError, SecsValueError, SmlError
from planaris.factory.secs2.format import Format
from planaris.factory.secs2.item import Item, same
from planaris.factory.secs2.items import item_of
from planaris.factory.secs2.message import Message
from planaris.factory.secs2.sml_parse import parse_item, parse_sml
from planaris.factory.secs2.sml_print import to_sml

__all__ = [
    "BodyEncoder",
    "Format",
    "Item",
    "Limits",
    "Many",
    "Message",
    "SecsDecodeError",
    "SecsValueError",
    "Shape",
    "SmlError",
    "decode",
    "encode",
    "item_of",
    "items",
    "parse_item",
    "parse_sml",
    "same",
    "to_sml",
]
