"""What is wrong with a page's looks, found by its geometry and colours: for the tests and for the pictures."""

from __future__ import annotations

from playwright.sync_api import Page

# WCAG 2.1: 1.4.3 contrast of text, of large text; 2.5.5 size of what is touched.
CONTRAST = 4.5
CONTRAST_LARGE = 3.0
TOUCH_PX = 44

_HELPERS = """
const rgb = s => s.match(/[\\d.]+/g).map(Number);
const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
const ground = e => { for (; e; e = e.parentElement) {
  const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
  return [255, 255, 255]; };
const clipped = e => { for (let p = e.parentElement; p; p = p.parentElement) {
  const style = getComputedStyle(p);
  if (style.overflowX !== 'visible' || style.overflowY !== 'visible') return p; } return document.documentElement; };
const texts = () => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const e = node.parentElement;
    if (!node.nodeValue.trim() || !e.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (['SCRIPT', 'STYLE', 'OPTION', 'TITLE'].includes(e.tagName) || e.closest('title, .toasts, .skip')) continue;
    const range = document.createRange(); range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width > 1 && box.height > 1) found.push([node.nodeValue.trim(), e, box]);
    }
  }
  return found;
};
"""


def cut(page: Page) -> list[str]:
    """Return texts that are cut off, and what sticks out of the screen sideways."""
    return page.evaluate(
        "() => {"
        + _HELPERS
        + """
        const found = [];
        if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the screen');
        for (const [text, e, box] of texts()) {
          if (e.closest('[title]')) continue;  // shown whole when it is pointed at
          const holder = clipped(e), edge = holder.getBoundingClientRect();
          const scrolls = ['auto', 'scroll'].includes(getComputedStyle(holder).overflowX);
          const said = text.slice(0, 40);
          if (!scrolls && (box.right > edge.right + 1 || box.left < edge.left - 1)) found.push('cut: ' + said);
          else if (scrolls && holder.scrollWidth > holder.clientWidth + 1) found.push('scrolls sideways: ' + said);
          const own = e.closest('button, .tag, .nav a, .tile, .fact');
          if (own && (box.right > own.getBoundingClientRect().right + 1)) found.push('sticks out: ' + said);
          if (e.ownerSVGElement) {
            const view = e.ownerSVGElement.getBoundingClientRect();
            const out = box.left < view.left - 1 || box.right > view.right + 1 || box.bottom > view.bottom + 1;
            if (out) found.push('out of the picture: ' + text);
          }
        }
        return [...new Set(found)];
        }"""
    )


def overlapping(page: Page) -> list[str]:
    """Return pairs of texts that lie on each other."""
    return page.evaluate(
        "() => {"
        + _HELPERS
        + """
        const found = [];
        const seen = texts().filter(([, e, box]) => {
          const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
          return top && (e === top || e.contains(top) || top.contains(e));
        });
        for (let i = 0; i < seen.length; i++) for (let j = i + 1; j < seen.length; j++) {
          const [a, b] = [seen[i][2], seen[j][2]];
          if (seen[i][1] === seen[j][1]) continue;
          const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (w > 2 && h > 4) found.push(seen[i][0].slice(0, 30) + ' on ' + seen[j][0].slice(0, 30));
        }
        return [...new Set(found)];
        }"""
    )


def weak(page: Page) -> list[str]:
    """Return texts that do not stand out from their ground by WCAG AA; disabled controls are exempt."""
    return page.evaluate(
        "([least, large]) => {"
        + _HELPERS
        + """
        const found = [];
        for (const [text, e] of texts()) {
          if (e.ownerSVGElement || e.closest(':disabled')) continue;
          const style = getComputedStyle(e);
          const [a, b] = [light(rgb(style.color)), light(ground(e))];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
          const limit = size >= 24 || (bold && size >= 18.66) ? large : least;
          if (ratio < limit) found.push(`${e.tagName}.${e.className} ${text.slice(0, 30)} ${ratio.toFixed(2)}`);
        }
        return [...new Set(found)];
        }""",
        [CONTRAST, CONTRAST_LARGE],
    )


def small_targets(page: Page) -> list[str]:
    """Return what can be pressed and is smaller than a finger needs; links within a text are exempt."""
    return page.evaluate(
        """least => {
          const found = [];
          for (const e of document.querySelectorAll('button, select, input, textarea, .nav a, .btn, tr.pick')) {
            if (!e.checkVisibility()) continue;
            const box = (e.type === 'checkbox' ? e.closest('.check') : e).getBoundingClientRect();
            const small = box.height < least - 0.5 || box.width < least - 0.5;
            if (small) found.push(`${e.tagName} ${(e.textContent || e.id).slice(0, 30)} ${box.width} x ${box.height}`);
          }
          return found;
        }""",
        TOUCH_PX,
    )
