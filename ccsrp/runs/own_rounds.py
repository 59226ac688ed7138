"""Rounds of search, pruning and training with a training loop that the user brings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from ccsrp.coevolution.choice import Choice
from ccsrp.coevolution.journal import RunJournal
from ccsrp.coevolution.problem import SearchProblem
from ccsrp.coevolution.rounds import Round, RoundSettings, run_rounds
from ccsrp.coevolution.run import SearchResult
from ccsrp.coevolution.settings import SearchSettings
from ccsrp.errors import OptionError
from ccsrp.runs.journal import recorded_run
from ccsrp.runs.rounds import StoredRounds
from ccsrp.snn.networks import DirectCoding
from ccsrp.space import BoolArray

__all__ = ["TrainNetwork", "search_in_rounds"]

# (network, problem): trains the network in place.
TrainNetwork: TypeAlias = Callable[[nn.Module, Any], object]


def search_in_rounds(
    problem: SearchProblem,
    *,
    train: TrainNetwork,
    rounds: int = 3,
    target_cost: float | None = None,
    choice: Choice | None = None,
    budget: int = 300,
    seed: int = 0,
    folder: Path | str | None = None,
    about: str = "",
    on_round: Callable[[Round], None] | None = None,
) -> SearchResult:
    """Search, choose a network, prune it for real, train it with a loop of your own, and again from there.

    Parameters
    ----------
    problem : SearchProblem
        With a network, such as ``problems.SpikingPruning``.
    train : callable
        ``train(network, problem)`` trains a network in place, by whatever means: an ``nn.Module`` of
        SpikingJelly's layers from images [B, C, H, W] to logits [B, classes], which resets its own state,
        slim and calibrated, in train mode. ``problem.images("train")`` has the training images,
        ``problem.attack`` what robustness is judged under. Layers must stay as they are.
    rounds, target_cost, choice
        See ``RoundSettings``.
    budget, seed : int
        Of the search of each round; of the first round's search.
    folder : Path, optional
        Keeps every evaluation and the network of each round (``rounds/round-N.safetensors``): called again
        with it, the search goes on where it was.
    about : str
        What answers depend on beside the masks, in any words, training included: see ``ccsrp.recorded``.
    on_round : callable, optional
        Called with a ``Round`` after each.

    Returns
    -------
    SearchResult
        See ``run_rounds``.

    Raises
    ------
    OptionError
        The problem has no network, or ``train`` changed more than its weights.
    """
    if not hasattr(problem, "rebased"):
        raise OptionError(f"{type(problem).__name__} has no network to train; use ccsrp.search")
    settings = RoundSettings(rounds=rounds, target_cost=target_cost, choice=choice)
    with ExitStack() as stack:
        journal: RunJournal | None = None
        stored: StoredRounds | None = None
        if folder is not None:
            run = stack.enter_context(recorded_run(folder, about=about))
            journal, stored = run, StoredRounds(Path(folder), run.store)

        def after(number: int, current: Any, mask: BoolArray) -> SearchProblem:
            def trained(network: DirectCoding, _: str) -> DirectCoding:
                return _trained(train, network, current)

            made: SearchProblem
            if stored is not None:
                made = stored.after_training(number, current, mask, trained)
            else:
                made = current.rebased(trained(current.network(mask), ""), kept=mask)
            return made

        return run_rounds(
            problem,
            SearchSettings(budget=budget, seed=seed),
            settings,
            after=after,
            journal=journal,
            on_round=on_round,
        )


def _trained(train: TrainNetwork, network: DirectCoding, problem: Any) -> DirectCoding:
    """Train a network in place, and see that it is still one of the same form."""
    before = {name: tensor.shape for name, tensor in network.state_dict().items()}
    returned = train(network.train(), problem)
    if returned is not None and returned is not network:
        raise OptionError(
            f"train(network, problem) returned a {type(returned).__name__}; it must train the network in "
            f"place"
        )
    if {name: tensor.shape for name, tensor in network.state_dict().items()} != before:
        raise OptionError("train(network, problem) changed the form of the network; only weights may change")
    return network.eval()
