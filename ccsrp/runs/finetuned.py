"""What ``ccsrp finetune`` has left in a run folder, read back with care."""

from __future__ import annotations

from pathlib import Path

from ccsrp.errors import RunError, WeightsError
from ccsrp.files import inside
from ccsrp.importing import naming
from ccsrp.runs.member import Run
from ccsrp.snn.networks import DirectCoding
from ccsrp.snn.weights import load_weights, stored_mask

__all__ = ["FOLDER", "check_finetuned", "finetuned_folder", "finetuned_members", "load_finetuned"]

FOLDER, WEIGHTS, CHECKPOINT = "finetuned", "weights.safetensors", "checkpoint.safetensors"


def finetuned_folder(run: Run, member: int) -> Path:
    """Return where a member's fine-tuning lies, ``finetuned/member-ID``, whether it is there or not.

    Raises
    ------
    RunError
        A link leads out of the run folder.
    """
    return inside(run.folder, FOLDER, f"member-{member}")


def finetuned_members(run: Run) -> list[int]:
    """List the members of the front that were fine-tuned to the end, in the order of the front.

    Raises
    ------
    RunError
        None was.
    """
    members = [int(member) for member in run.front["member"]]
    found = [member for member in members if (finetuned_folder(run, member) / WEIGHTS).is_file()]
    if not found:
        raise RunError(
            f"{run.folder} has no member that was fine-tuned; "
            f"'ccsrp finetune {run.folder} --member ID{naming(run.config.problem)}' does that"
        )
    return found


def check_finetuned(run: Run, member: int) -> Path:
    """Return the file with the weights of a fine-tuned member.

    Raises
    ------
    RunError
        No such member; or it was not fine-tuned, or not to the end.
    WeightsError
        The weights are of another mask than the member.
    """
    whole = run.whole_mask(member)
    folder = finetuned_folder(run, member)
    file = folder / WEIGHTS
    if not file.is_file():
        command = f"'ccsrp finetune {run.folder} --member {member}{naming(run.config.problem)}'"
        if (folder / CHECKPOINT).is_file():
            raise RunError(
                f"the fine-tuning of member {member} in {folder} has not finished; {command} goes on"
            )
        raise RunError(f"{run.folder} has no fine-tuned member {member}; {command} makes it")
    if stored_mask(file) != whole:
        raise WeightsError(f"weights {file} are of another mask than member {member}; fine-tune it again")
    return file


def load_finetuned(run: Run, member: int, network: DirectCoding) -> None:
    """Put what a member has learned into ``network``, which is that of its mask, in place.

    Raises
    ------
    RunError, WeightsError
        See ``check_finetuned``; or the file is damaged. The network is then unchanged.
    """
    load_weights(network.network, check_finetuned(run, member))
