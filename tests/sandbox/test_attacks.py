"""Every attack ends as it says, in each lock, for root and for a plain user."""

import os
from collections.abc import Iterator

import pytest

from hewston.pipeline.sandbox.zygotes import TIERS, Zygote
from tests.sandbox.arena import play_all, play_as_nobody
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.locked import PLAIN


@pytest.fixture(scope="module", params=TIERS)
def zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    with Zygote(PLAIN, tiers=(request.param,)) as zygote:
        yield zygote


@pytest.mark.parametrize("kind", ATTACKS)
def test_each_attack_ends_as_it_says(zygote: Zygote, kind: str) -> None:
    assert play_all(zygote.client(), ATTACKS[kind]) == {}


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    names = [attack.name for attacks in ATTACKS.values() for attack in attacks]
    assert len(names) == len(set(names)) >= 250


@pytest.mark.skipif(os.geteuid() != 0, reason="this is a plain user already")
def test_they_end_so_for_a_plain_user() -> None:
    said = play_as_nobody()
    assert len(said) == len(TIERS) * len(ATTACKS)
