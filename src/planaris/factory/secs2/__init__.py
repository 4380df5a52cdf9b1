"""SECS-II: items, their bytes, and messages. Knows nothing of transport, time or GEM."""

from planaris.factory.secs2 import items
from planaris.factory.secs2.codec import Limits, decode, encode
from planaris.factory.secs2.errors import SecsDecodeError, SecsValueError, SmlError
from planaris.factory.secs2.format import Format
from planaris.factory.secs2.item import Item, same
from planaris.factory.secs2.items import item_of
from planaris.factory.secs2.message import Message

__all__ = [
    "Format",
    "Item",
    "Limits",
    "Message",
    "SecsDecodeError",
    "SecsValueError",
    "SmlError",
    "decode",
    "encode",
    "item_of",
    "items",
    "same",
]
