"""Rounds with a training loop of one's own: called once a round, kept, and taken up again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import ccsrp
from ccsrp.errors import OptionError, RunError
from problems import DigitsPruning, TabularPruning

OPTIONS = {"rounds": 2, "target_cost": 0.5, "budget": 10}


@pytest.fixture(scope="module")
def problem() -> DigitsPruning:
    return DigitsPruning(steps=1, validation_images=20, calibration_images=32, test_images=10)


class Loop:
    """A plain training loop, as a user has one."""

    def __init__(self, *, fails_in: int = 0) -> None:
        self.calls, self.fails_in = 0, fails_in

    def __call__(self, network: nn.Module, problem: DigitsPruning) -> None:
        self.calls += 1
        if self.calls == self.fails_in:
            raise KeyboardInterrupt
        assert network.training
        images, labels = (tensor[:32] for tensor in problem.images("train"))
        optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
        for _ in range(2):
            optimizer.zero_grad()
            F.cross_entropy(network(images), labels).backward()
            optimizer.step()


def test_the_loop_is_called_once_a_round_and_its_networks_are_what_is_searched_next(problem) -> None:
    rounds, loop = [], Loop()
    result = ccsrp.search_in_rounds(problem, train=loop, on_round=rounds.append, **OPTIONS)
    assert loop.calls == len(rounds) == 2
    for finished in rounds:
        again = finished.problem.evaluate(finished.problem.space.full()[None])[0]
        assert (again == finished.tuned).all()
        assert not (finished.tuned == finished.spliced).all()
    assert rounds[-1].tuned[2] <= 0.5
    assert result.front["round"].max() <= 2


def test_an_interrupted_one_goes_on_and_trains_nothing_twice(problem, tmp_path: Path) -> None:
    whole = ccsrp.search_in_rounds(problem, train=Loop(), folder=tmp_path / "whole", **OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        ccsrp.search_in_rounds(problem, train=Loop(fails_in=2), folder=tmp_path / "cut", **OPTIONS)
    loop = Loop()
    again = ccsrp.search_in_rounds(problem, train=loop, folder=tmp_path / "cut", **OPTIONS)
    assert loop.calls == 1
    pd.testing.assert_frame_equal(whole.front, again.front, check_exact=True)
    assert (tmp_path / "cut" / "rounds" / "round-2.safetensors").exists()
    with pytest.raises(RunError, match="holds a search about"):
        ccsrp.search_in_rounds(problem, train=Loop(), folder=tmp_path / "cut", about="other", **OPTIONS)


def grows(network: nn.Module, problem: DigitsPruning) -> None:
    network.network[-1] = nn.Linear(3, 10)


@pytest.mark.parametrize(
    ("train", "says"),
    [
        (lambda network, problem: nn.Linear(2, 2), "returned a Linear; it must train the network in"),
        (grows, "changed the form of the network"),
    ],
)
def test_what_is_no_training_is_refused(problem, train, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        ccsrp.search_in_rounds(problem, train=train, **OPTIONS)


def test_a_table_has_no_network_to_train() -> None:
    with pytest.raises(OptionError, match="TabularPruning has no network to train; use"):
        ccsrp.search_in_rounds(TabularPruning("digits-14"), train=Loop())
