"""Sensor noise as a pure function of seed, owner and sample number, so that reading it never uses it up."""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_Hz = 100
_PAGE_SAMPLES = 1024
_STEPS_COUNT = 1 << 16
_WORDS_PER_DRAW = 4


@cache
def _normal_steps() -> NDArray[np.float32]:
    """Return a standard normal in steps of equal chance: the quantile in the middle of each, up to 4.3 sigma.

    Looking 16 random bits up takes a fifth of the time of drawing a normal number, and is as fine as the analogue input
    of a PLC.
    """
    x = np.linspace(-6.0, 6.0, 24_001)
    density = np.exp(-0.5 * x * x)
    below = np.cumsum(density) - 0.5 * density
    middles = (np.arange(_STEPS_COUNT) + 0.5) / _STEPS_COUNT
    steps = np.interp(middles, below / density.sum(), x)
    return (steps / np.sqrt(np.mean(steps * steps))).astype(np.float32)


class NoisePages:
    """Normal noise of channels with ``sigma`` each, made page by page, each page from a seed of its own."""

    def __init__(self, seed: int, owner: str, sigma: NDArray[np.float32]) -> None:
        self._key = [seed & 0xFFFFFFFFFFFFFFFF, zlib.crc32(owner.encode())]
        self._sigma = sigma
        self._pages: dict[int, NDArray[np.float32]] = {}

    def rows(self, first: int, count: int) -> NDArray[np.float32]:
        """Return noise of samples ``first`` … ``first + count - 1``, shape (count, channels), not to be changed."""
        page, offset = divmod(first, _PAGE_SAMPLES)
        if offset + count <= _PAGE_SAMPLES:
            return self._page(page)[offset : offset + count]
        out = np.empty((count, len(self._sigma)), dtype=np.float32)
        done = 0
        while done < count:
            page, offset = divmod(first + done, _PAGE_SAMPLES)
            take = min(count - done, _PAGE_SAMPLES - offset)
            out[done : done + take] = self._page(page)[offset : offset + take]
            done += take
        return out

    def _page(self, number: int) -> NDArray[np.float32]:
        page = self._pages.get(number)
        if page is None:
            bits = np.random.SFC64(np.random.SeedSequence([*self._key, number]))
            count = _PAGE_SAMPLES * len(self._sigma)
            words = bits.random_raw(count // _WORDS_PER_DRAW).astype("<u8", copy=False).view("<u2")
            page = _normal_steps().take(words, mode="wrap").reshape(_PAGE_SAMPLES, -1)
            page *= self._sigma
            while len(self._pages) >= 2:
                del self._pages[next(iter(self._pages))]
            self._pages[number] = page
        return page


def stream_of(seed: int, owner: str) -> np.random.Generator:
    """Return a generator of its own for one owner of chance, independent of all others."""
    return np.random.Generator(np.random.Philox(key=[seed & 0xFFFFFFFFFFFFFFFF, zlib.crc32(owner.encode())]))
