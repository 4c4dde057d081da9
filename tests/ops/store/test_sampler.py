"""Which names are drawn, by whom."""

from collections import Counter

from strongroom.ops.store.sampler import Sampler

NAMES = [f"app-{number}" for number in range(200)]


def test_all_are_drawn_where_they_are_few() -> None:
    few = Sampler(["b", "a", "a", "c"])

    assert few.draw("x", 3) == few.draw("y", 9) == ["a", "b", "c"]
    assert few.draw("x", 9, without={"b"}) == ["a", "c"]
    assert few.draw("x", 0) == Sampler([]).draw("x", 9) == []


def test_of_many_each_caller_draws_others_and_the_same_each_time() -> None:
    sampler, again = Sampler(NAMES), Sampler(reversed(NAMES))
    drawn = {whose: sampler.draw(whose, 16) for whose in NAMES}

    assert {whose: again.draw(whose, 16) for whose in NAMES} == drawn
    assert {len({*names}) for names in drawn.values()} == {16}
    assert len({tuple(names) for names in drawn.values()}) > 100


def test_what_must_not_be_drawn_is_replaced_by_others() -> None:
    without = {*NAMES[::2]}
    drawn = [Sampler(NAMES).draw(whose, 16, without) for whose in NAMES[:20]]

    assert {len(names) for names in drawn} == {16}
    assert all(without.isdisjoint(names) for names in drawn)


def test_no_name_is_omitted_by_all() -> None:
    sampler = Sampler(NAMES)
    times = Counter(name for whose in NAMES for name in sampler.draw(whose, 16, without={whose}))

    assert min(times[name] for name in NAMES) > 0
