"""What the figure of a front shows, and that it can be drawn."""

from __future__ import annotations

import io

import numpy as np

import ccsrp
from ccsrp.report.front import front_figure, front_info
from tests.conftest import SumProblem


def test_info_holds_the_three_projections_and_the_hypervolume() -> None:
    result = ccsrp.search(SumProblem(), budget=60)
    info = front_info(result.front, result.history)
    pairs = [(panel.x_label.split(" (")[0], panel.y_label.split(" (")[0]) for panel in info.panels]
    assert pairs == [
        ("kept cost", "accuracy"),
        ("kept cost", "robust accuracy"),
        ("robust accuracy", "accuracy"),
    ]
    assert (info.panels[0].x == result.front["cost"]).all()
    assert (info.panels[0].y == result.front["accuracy"]).all()
    assert (info.panels[0].colour == result.front["robust_accuracy"]).all()
    assert info.evaluations.tolist() == result.history["evaluations"].tolist()
    assert np.isclose(info.hypervolume[-1], result.archive.hypervolume())


def test_every_point_is_drawn() -> None:
    result = ccsrp.search(SumProblem(), budget=60)
    figure = front_figure(front_info(result.front, result.history))
    drawn = [axis.collections[0].get_offsets() for axis in figure.axes[:3]]
    assert [len(points) for points in drawn] == [len(result.front)] * 3
    page = io.BytesIO()
    result.plot().savefig(page, format="pdf")
    assert page.getvalue().startswith(b"%PDF")
