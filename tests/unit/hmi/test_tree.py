"""Differences of the tree: applied to an earlier copy they give the tree, whatever was done to it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from page_served import apply

from planaris.hmi.tree import Tree

KEYS = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(KEYS, min_size=1, max_size=3)
LEAVES: st.SearchStrategy[Any] = st.one_of(st.integers(0, 2), st.booleans(), st.just({}), st.just([1]))
ACTS = st.lists(st.tuples(st.sampled_from(["put", "drop", "tell"]), PATHS, LEAVES), max_size=30)


@settings(max_examples=60)
@given(ACTS)
def test_what_is_told_brings_a_copy_up_to_date(acts: list[tuple[str, list[str], Any]]) -> None:
    tree = Tree({"a": {"b": {"c": 1}}, "b": {}})
    shown = copy.deepcopy(tree.root)
    for act, path, value in [*acts, ("tell", ["a"], 0)]:
        # A branch is never a value where others are put below it: pages' states have the same shape.
        if act == "put" and all(isinstance(tree.get(*path[:n]), dict | None) for n in range(1, len(path))):
            tree.put(copy.deepcopy(value), *path)
        elif act == "drop":
            tree.drop(*path)
        elif act == "tell":
            values, gone = tree.take()
            apply(shown, copy.deepcopy({"set": values, "del": gone}))
            assert shown == tree.root
            assert not tree.changed


def test_the_same_value_is_no_change() -> None:
    tree = Tree({"x": {"n": 1}})
    tree.put(1, "x", "n")
    tree.update({"n": 1}, "x")
    assert not tree.changed
    tree.put(True, "x", "n")  # equal in Python, another value in JSON
    assert tree.take() == ([(["x", "n"], True)], [])


def test_a_branch_that_is_replaced_tells_once() -> None:
    tree = Tree({"x": {"a": {"n": 1}}})
    tree.put(2, "x", "a", "n")
    tree.put({"n": 3}, "x", "a")
    assert tree.take() == ([(["x", "a"], {"n": 3})], [])
    tree.replace({"b": 1}, "x")
    assert tree.take() == ([(["x", "b"], 1)], [["x", "a"]])
