"""Commit first, then tell: nobody hears of an event that the journal does not hold, and no listener touches control."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from planaris.stream import AlarmCleared, Batched, Committed, EventStream, LinkChanged, Mailbox


class DiskFullError(Exception):
    """The journal cannot be written."""


class Book:
    """A journal and a listener that write into one list, so that their order shows."""

    def __init__(self) -> None:
        self.log: list[tuple[str, tuple[int, ...], bool | None]] = []
        self.full = False
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    def commit(self, batch: Sequence[Committed], durable: bool) -> None:
        if self.full:
            raise DiskFullError
        self.log.append(("journal", tuple(item.sequence for item in batch), durable))

    def listener(self, batch: Sequence[Committed]) -> None:
        self.log.append(("listener", tuple(item.sequence for item in batch), None))


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def stream(book: Book) -> EventStream:
    return EventStream(book.clock, book.commit)


def event(number: int) -> AlarmCleared:
    return AlarmCleared("emo", f"place{number}")


def test_what_is_published_waits_for_its_commit_and_is_told_after_it(book: Book, stream: EventStream) -> None:
    stream.listen(book.listener)
    stream.publish(event(1))
    stream.publish(event(2))
    assert book.log == []
    assert stream.staged_count == 2
    stream.flush()
    assert book.log == [("journal", (1, 2), False), ("listener", (1, 2), None)]
    assert stream.staged_count == 0


def test_a_commit_makes_all_that_was_published_before_it_durable_in_order(book: Book, stream: EventStream) -> None:
    stream.publish(event(1))
    stream.commit(event(2))
    stream.commit(event(3))
    assert book.log == [("journal", (1, 2), True), ("journal", (3,), True)]


def test_events_bear_the_time_they_were_published_at_not_that_of_their_commit(book: Book, stream: EventStream) -> None:
    box = Mailbox(10)
    stream.listen(box)
    book.now_s = 1.5
    stream.publish(event(1))
    book.now_s = 2.5
    stream.publish(event(2))
    book.now_s = 9.0
    stream.flush()
    assert [(c.sequence, c.time_s, c.event) for c in box.take()] == [(1, 1.5, event(1)), (2, 2.5, event(2))]


def test_an_empty_flush_commits_and_tells_nothing(book: Book, stream: EventStream) -> None:
    stream.listen(book.listener)
    stream.flush(durable=True)
    assert book.log == []


def test_a_failing_journal_reaches_the_publisher_and_nobody_else_hears(book: Book, stream: EventStream) -> None:
    stream.listen(book.listener)
    book.full = True
    with pytest.raises(DiskFullError):
        stream.commit(event(1))
    assert book.log == []
    assert stream.failed_listeners == []


def test_after_a_failed_commit_nothing_is_lost_doubled_or_renumbered(book: Book, stream: EventStream) -> None:
    stream.listen(book.listener)
    book.full = True
    with pytest.raises(DiskFullError):
        stream.commit(event(1))
    book.full = False
    stream.commit(event(2))
    assert book.log == [("journal", (1, 2), True), ("listener", (1, 2), None)]


def test_the_numbering_goes_on_where_an_earlier_life_stopped(book: Book) -> None:
    stream = EventStream(book.clock, book.commit, first_sequence=41)
    stream.commit(event(1))
    assert book.log == [("journal", (41,), True)]


def test_a_failing_listener_is_detached_and_named_and_the_others_are_told(book: Book, stream: EventStream) -> None:
    calls: list[int] = []

    def broken(batch: Sequence[Committed]) -> None:
        calls.append(len(batch))
        raise RuntimeError("display gone")

    stream.listen(broken)
    stream.listen(book.listener)
    stream.commit(event(1))
    stream.commit(event(2))
    assert calls == [1]
    assert [entry[0] for entry in book.log] == ["journal", "listener", "journal", "listener"]
    (failed,) = stream.failed_listeners
    assert failed[0] is broken
    assert str(failed[1]) == "display gone"


def test_a_listener_hears_from_when_it_joined_until_it_left(book: Book, stream: EventStream) -> None:
    box = Mailbox(10)
    stream.commit(event(1))
    stream.listen(box)
    stream.commit(event(2))
    stream.unlisten(box)
    stream.commit(event(3))
    assert [c.sequence for c in box.take()] == [2]


def test_a_listener_that_leaves_while_it_is_told_takes_nobody_with_it(book: Book, stream: EventStream) -> None:
    def leaves(_batch: Sequence[Committed]) -> None:
        stream.unlisten(leaves)

    stream.listen(leaves)
    stream.listen(book.listener)
    stream.commit(event(1))
    assert ("listener", (1,), None) in book.log


def test_batches_cannot_be_changed_by_a_listener(stream: EventStream) -> None:
    seen: list[Sequence[Committed]] = []
    stream.listen(seen.append)
    stream.commit(event(1))
    assert isinstance(seen[0], tuple)
    with pytest.raises(AttributeError):
        seen[0][0].event.alarm = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_the_owner_is_told_once_a_batch_that_something_waits(book: Book, stream: EventStream) -> None:
    calls: list[int] = []
    stream.on_staged = lambda: calls.append(stream.staged_count)
    stream.publish(event(1))
    stream.publish(event(2))
    stream.flush()
    stream.publish(event(3))
    assert calls == [1, 1]


def test_a_slow_readers_mailbox_stays_bounded_keeps_the_newest_and_counts_the_rest(stream: EventStream) -> None:
    box = Mailbox(3)
    stream.listen(box)
    for number in range(1, 6):
        stream.commit(event(number))
    assert box.dropped_count == 2
    assert [c.sequence for c in box.take()] == [3, 4, 5]
    assert box.take() == []
    stream.commit(event(6))
    assert [c.sequence for c in box.take()] == [6]
    assert box.dropped_count == 2


def test_a_batch_larger_than_the_mailbox_leaves_its_newest(stream: EventStream) -> None:
    box = Mailbox(2)
    stream.listen(box)
    for number in range(5):
        stream.publish(event(number))
    stream.flush()
    assert [c.sequence for c in box.take()] == [4, 5]
    assert box.dropped_count == 3


def test_a_full_mailbox_never_fails_the_stream(stream: EventStream) -> None:
    stream.listen(Mailbox(0))
    stream.commit(LinkChanged("connected", ""))
    assert stream.failed_listeners == []


def test_a_batching_listener_hands_on_everything_once_in_order_and_in_large_pieces(stream: EventStream) -> None:
    pieces: list[list[int]] = []
    batched = Batched(lambda batch: pieces.append([c.sequence for c in batch]), 3)
    stream.listen(batched)
    for number in range(5):
        stream.commit(event(number))
    assert pieces == [[1, 2, 3]]
    batched.flush()
    batched.flush()
    assert pieces == [[1, 2, 3], [4, 5]]
