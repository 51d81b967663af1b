"""Each attack is stopped by the layers that it names: without them it wins."""

import os

import pytest

from hewston.pipeline.sandbox.kinds import BARE
from hewston.pipeline.sandbox.status import look
from tests.sandbox.unlocked import grouped, show, wins

GROUPS = grouped()


@pytest.fixture(scope="module", autouse=True)
def _needs_the_whole_lock() -> None:
    if os.geteuid() != 0:
        pytest.skip("some layers matter to root alone")
    if look(BARE).tier != 1:
        pytest.skip("this machine has no lock with every layer, so none can be taken away")


@pytest.mark.parametrize("layers", GROUPS, ids=" ".join)
def test_an_attack_wins_without_its_layers(layers: tuple[str, ...]) -> None:
    played = list(show(layers, GROUPS[layers]))
    assert len(played) == len(GROUPS[layers])
    assert {attack.name: ended for attack, ended in played if not wins(attack, ended)} == {}


def test_most_attacks_name_a_layer_that_can_be_missed() -> None:
    assert sum(map(len, GROUPS.values())) >= 180
