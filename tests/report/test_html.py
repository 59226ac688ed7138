"""The HTML report in a real browser: every view is drawn, all are linked, and nothing leaves the page."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from ccsrp.report.html.render import render
from ccsrp.report.page import page_data, page_lead, page_title
from ccsrp.report.record import RunRecord
from tests.report.browser import Visit, browser
from tests.report.records import EVIL, made_up

MANY = 10_000
EVIL_RUN = made_up(EVIL, evaluated=MANY, evil=True)
TWO_RUNS = [made_up("first"), made_up("second", seed=1)]
# Generous: software draws here what a graphics card draws elsewhere, on processors that others use too.
SECONDS = 4.0


def write(file: Path, records: list[RunRecord]) -> Path:
    file.write_bytes(render(page_data(records), title=page_title(records), lead=page_lead(records)))
    return file


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def visit(opened: Any, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """One run with ten thousand networks and hostile names, on a desktop."""
    file = write(tmp_path_factory.mktemp("page") / "report.html", [EVIL_RUN])
    wanted = {"width": 1100, "height": 800}
    visit = Visit(opened, file, viewport=wanted, color_scheme="light", permissions=["clipboard-read"])
    visit.draw_all()
    return visit


@pytest.fixture(autouse=True)
def clean(visit: Visit) -> Iterator[None]:
    """Begin with everything shown and nothing kept; end without an error or a request."""
    visit.page.evaluate(
        "() => { scrollTo(0, 0); const b = document.getElementById('reset'); b.disabled = false; b.click(); }"
    )
    if visit.page.is_visible("#panel .close"):
        visit.page.click("#panel .close")
    visit.page.mouse.move(5, 5)
    visit.at_rest()
    yield
    assert visit.wrong == []


def colours(visit: Visit, names: Sequence[str]) -> dict[str, int]:
    """Count the colours of pictures of elements that are in the window: a blank one has a few."""
    window = matplotlib.image.imread(io.BytesIO(visit.page.screenshot()))
    counts = {}
    for name in names:
        box = visit.page.locator(f"#{name}").bounding_box()
        top, left = (max(0, int(box[side])) for side in ("y", "x"))
        part = window[top : int(box["y"] + box["height"]), left : left + int(box["width"]), :3]
        counts[name] = len(np.unique((part * 255).astype(int).reshape(-1, 3), axis=0))
    return counts


def rows(visit: Visit) -> list[int]:
    """Members in the table, from top to bottom."""
    shown = visit.ask("[...document.querySelectorAll('#table tbody tr')].map((row) => +row.dataset.row)")
    return [int(one) for one in shown]


def front_points(visit: Visit, chart: str) -> list[int]:
    """Members that a chart draws."""
    found = visit.ask(f"document.getElementById('{chart}').data.find((t) => t.customdata)?.customdata ?? []")
    return [int(one) for one in found]


def place_of(visit: Visit, member: int, side: str = "") -> tuple[float, float]:
    """Where a member is on the screen in a projection."""
    x, y = visit.ask(
        """([member, side]) => {
          const chart = document.getElementById("projections");
          const trace = chart.data.find((t) => t.customdata && t.xaxis === "x" + side);
          const [i, layout] = [trace.customdata.indexOf(member), chart._fullLayout];
          const [x, y] = [layout["xaxis" + side], layout["yaxis" + side]];
          const box = chart.getBoundingClientRect();
          return [box.left + x._offset + x.d2p(trace.x[i]), box.top + y._offset + y.d2p(trace.y[i])];
        }""",
        [member, side],
    )
    return float(x), float(y)


def test_every_view_draws_every_network(visit: Visit) -> None:
    members = list(range(len(EVIL_RUN.front)))
    assert rows(visit) == members
    assert front_points(visit, "space") == members
    assert front_points(visit, "projections") == members
    assert visit.ask("document.getElementById('projections').data[0].x.length") == MANY
    assert visit.ask("document.getElementById('space').data[0].x.length") == MANY
    assert visit.ask("document.getElementById('layers').data[0].z.length") == len(members)
    for chart in ("space", "projections"):
        visit.page.locator(f"#{chart}").scroll_into_view_if_needed()
        assert colours(visit, [chart])[chart] > 30
    assert visit.page.locator("#layers .heatmaplayer image, #filters .heatmaplayer image").count() == 2
    assert visit.page.locator("#hypervolume .scatterlayer .js-line").count() == 2  # rounds
    assert visit.page.locator("#rounds .scatterlayer .point").count() == 2 * 2 * 3
    assert visit.page.locator("#audit .scatterlayer .point").count() == 2 * 3
    visit.page.locator("#parallel").scroll_into_view_if_needed()
    assert colours(visit, ["parallel"])["parallel"] > 30


def test_the_picture_in_three_dimensions_keeps_its_labels_when_the_window_changes(visit: Visit) -> None:
    before = visit.page.viewport_size
    eye = "document.getElementById('space').layout.scene.camera.eye.x"
    was = visit.ask(eye)
    visit.page.set_viewport_size({"width": 1300, "height": 800})  # now it is higher than wide
    visit.page.wait_for_function(f"{eye} !== {was}")
    visit.page.locator("#space").scroll_into_view_if_needed()
    visit.page.wait_for_timeout(300)
    picture = matplotlib.image.imread(io.BytesIO(visit.page.locator("#space").screenshot()))[..., :3]
    inked = (np.abs(picture - picture[3, 3]).max(axis=2) > 0.2).any(axis=0)
    visit.page.set_viewport_size(before)
    assert inked.any()
    assert not inked[:8].any()
    assert not inked[-8:].any()


def test_hostile_names_are_text(visit: Visit) -> None:
    assert visit.page.title() == EVIL
    assert visit.text("h1") == EVIL
    assert visit.ask("document.querySelectorAll('body img').length") == 0
    assert EVIL in visit.ask("document.getElementById('settings').textContent")
    visit.page.click("#table tbody tr:nth-child(2)")
    assert EVIL in visit.ask("document.getElementById('panel').textContent")


def test_a_point_under_the_pointer_is_marked_everywhere_and_kept_by_a_click(visit: Visit) -> None:
    member = 7
    visit.page.locator("#projections").scroll_into_view_if_needed()
    x, y = place_of(visit, member, "2")
    visit.page.mouse.move(x - 4, y)
    visit.page.mouse.move(x, y)
    visit.page.wait_for_selector(f"#table tr.hovered[data-row='{member}']", state="attached")
    assert visit.text("#panel h2").startswith(f"Member {member}")
    assert visit.page.locator("#projections .ring.hovered").count() == 3
    assert visit.page.locator("#layers .band.hovered").count() == 1
    visit.page.mouse.click(x, y)
    visit.page.wait_for_selector("#panel.kept-here")
    visit.page.mouse.move(5, 5)
    visit.page.wait_for_selector(f"#table tr.selected[data-row='{member}']", state="attached")
    row = EVIL_RUN.front.loc[member]
    said = visit.text("#panel")
    assert f"{row['accuracy']:.4f}" in said
    assert f"{round(row['accuracy'] * 300)} of 300" in said
    assert f"{round(row['test_accuracy'] * 200)} of 200" in said
    visit.ask("document.getElementById('copy').click()")
    visit.page.wait_for_function("document.querySelector('.said').textContent !== ''")
    assert visit.text(".command code").endswith(f"--member {member}")
    assert visit.ask("navigator.clipboard.readText()") == visit.text(".command code")


def test_a_click_in_three_dimensions_keeps_the_network(visit: Visit) -> None:
    visit.page.locator("#space").scroll_into_view_if_needed()
    x, y = visit.ask("""() => {
      const chart = document.getElementById("space");
      const { glplot, dataScale } = chart._fullLayout.scene._scene;
      const [trace, camera] = [chart.data.find((t) => t.customdata), glplot.cameraParams];
      let at = [trace.x[0] * dataScale[0], trace.y[0] * dataScale[1], trace.z[0] * dataScale[2], 1];
      for (const m of [camera.model, camera.view, camera.projection]) {
        at = [0, 1, 2, 3].map((row) => at.reduce((sum, v, column) => sum + m[4 * column + row] * v, 0));
      }
      const box = chart.querySelector("canvas").getBoundingClientRect();
      const share = [0.5 + at[0] / at[3] / 2, 0.5 - at[1] / at[3] / 2];
      return [box.left + share[0] * box.width, box.top + share[1] * box.height];
    }""")
    visit.page.mouse.click(x, y)
    visit.page.wait_for_selector("#panel.kept-here")
    visit.page.wait_for_selector("#table tr.selected[data-row='0']", state="attached")


def test_a_row_under_the_pointer_is_marked_in_the_charts(visit: Visit) -> None:
    visit.page.hover("#table tbody tr:nth-child(4)")
    visit.page.wait_for_selector("#projections .ring.hovered", state="attached")
    ring = visit.ask("""() => {
      const box = document.querySelector("#projections .ring.hovered").getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    }""")
    assert ring == pytest.approx(place_of(visit, 3), abs=1.5)
    visit.page.wait_for_function("document.getElementById('space').data[3].x.length === 1")


def test_a_brush_filters_every_view(visit: Visit) -> None:
    visit.page.locator("#parallel").scroll_into_view_if_needed()
    line = visit.page.locator(".axis[data-column=cost] .axis-line").bounding_box()
    middle = line["x"] + line["width"] / 2
    visit.page.mouse.move(middle, line["y"] + line["height"] * 0.5)
    visit.page.mouse.down()
    visit.page.mouse.move(middle, line["y"] + line["height"] * 0.8)
    visit.page.mouse.move(middle, line["y"] + line["height"] + 20)
    visit.page.mouse.up()
    visit.at_rest()
    expected = EVIL_RUN.front.query("cost <= 0.55")["member"].tolist()
    assert 0 < len(expected) < len(EVIL_RUN.front)
    assert rows(visit) == expected
    assert front_points(visit, "projections") == expected
    assert front_points(visit, "space") == expected
    assert visit.ask("document.getElementById('layers').data[0].z.length") == len(expected)
    cloud = np.asarray(EVIL_RUN.evaluated["cost"])
    count = visit.ask("document.getElementById('projections').data[0].x.length")
    assert count == pytest.approx((cloud <= 0.55).sum(), rel=0.02)
    assert visit.text("#count") == f"{len(expected)} of {len(EVIL_RUN.front)} networks"
    visit.page.mouse.click(middle, line["y"] + 10)  # outside the range: clears it
    visit.at_rest()
    assert rows(visit) == EVIL_RUN.front["member"].tolist()


def test_the_table_filters_sorts_and_is_downloaded_as_shown(visit: Visit) -> None:
    visit.page.fill("#query", "cost <= 0.5 Robust accuracy>0.06")  # as the page calls it
    parameters = visit.page.locator("#table th button", has_text="parameters")
    parameters.click()
    visit.at_rest()
    expected = (
        EVIL_RUN.front.query("cost <= 0.5 and robust_accuracy > 0.06")
        .sort_values("params")["member"]
        .tolist()
    )
    assert len(expected) > 1
    assert rows(visit) == expected
    with visit.page.expect_download() as waiting:
        visit.page.click("#download")
    text = Path(waiting.value.path()).read_text()
    assert text == EVIL_RUN.cells.loc[expected].to_csv(index=False, lineterminator="\n")
    parameters.click()
    visit.at_rest()
    assert rows(visit) == expected[::-1]
    parameters.click()  # as it was


def test_a_network_is_kept_and_let_go_by_keyboard(visit: Visit) -> None:
    button = visit.page.locator("#table tr[data-row='4'] button")
    button.focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#panel.kept-here")
    assert button.get_attribute("aria-pressed") == "true"
    assert visit.ask("document.getElementById('kept').textContent").startswith("member 4 is kept: cost")
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_selector("#panel:not(.kept-here)")
    assert button.get_attribute("aria-pressed") == "false"
    assert visit.ask("document.activeElement.ariaLabel") == "member 4"


def test_a_filter_that_means_nothing_says_so(visit: Visit) -> None:
    visit.page.fill("#query", "speed > 3")
    assert visit.text("#query-error").startswith("no column speed; columns are member, round")
    visit.page.fill("#query", "cost >")
    assert "write ranges like" in visit.text("#query-error")


def test_what_each_attack_left_is_shown_of_the_network_that_is_kept(visit: Visit) -> None:
    def cells(kind: str) -> list[list[str]]:
        lines = visit.page.locator(f".attacks tr.{kind}").all()
        return [line.locator("th, td").all_text_contents()[:4] for line in lines]

    visit.page.click("#table tbody tr[data-row='3']")
    assert cells("attack") == [
        ["search-time attack", "14", "24", "0.600"],
        [EVIL, "28", "10", "0.250"],
        ["PGD margin training", "18", "20", "0.500"],
        ["Square", "16", "22", "0.550"],
    ]
    assert cells("worst") == [["all together", "30", "8", "0.200"]]
    said = visit.text("#attacks")
    assert "40 test images, each within eps 0.1" in said
    assert "the black-box attack fools many images" in said
    assert visit.page.locator("#attacks .sign").count() == 1
    visit.page.select_option("#attacks select", label="member 1")
    assert visit.page.locator("#attacks .sign").count() == 0


def test_ten_thousand_points_stay_smooth(visit: Visit) -> None:
    visit.page.locator("#projections").scroll_into_view_if_needed()
    began = time.perf_counter()
    x, y = place_of(visit, 5)
    visit.page.mouse.move(x - 4, y)
    visit.page.mouse.move(x, y)
    visit.page.wait_for_selector("#projections .ring.hovered", state="attached")
    hovered = time.perf_counter() - began
    visit.page.fill("#query", "cost <= 0.5")
    visit.at_rest()
    visit.page.wait_for_function("document.getElementById('projections').data[0].x.length < 9000")
    assert hovered < SECONDS
    assert time.perf_counter() - began < 2 * SECONDS


def test_dark_is_dark(visit: Visit) -> None:
    def brightness() -> float:
        colour = visit.ask("getComputedStyle(document.body).backgroundColor")
        return float(np.mean([int(part) for part in colour.strip("rgb()").split(",")]))

    assert brightness() > 200
    visit.page.click("#theme")
    visit.at_rest()
    assert brightness() < 50
    assert visit.ask("document.getElementById('hypervolume').layout.font.color") == "#e6eaf0"
    visit.page.click("#theme")


@pytest.fixture(scope="module")
def phone(opened: Any, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """Two runs in the dark."""
    file = write(tmp_path_factory.mktemp("page") / "report.html", TWO_RUNS)
    size = {"width": 390, "height": 844}
    visit = Visit(opened, file, viewport=size, color_scheme="dark", has_touch=True, is_mobile=True)
    visit.draw_all()
    return visit


def test_paper_is_light_and_has_all_pictures_and_whole_tables(phone: Visit) -> None:
    phone.ask("dispatchEvent(new Event('beforeprint'))")
    assert phone.ask("document.documentElement.dataset.theme") == "light"
    assert phone.ask("document.getElementById('hypervolume').layout.font.color") == "#1b2430"
    assert phone.ask("document.querySelector('#space .photograph').src").startswith("data:image/png")
    drawn = 3 * sum(len(record.front) + len(record.evaluated) for record in TWO_RUNS)
    assert phone.page.locator("#projections .scatterlayer .point").count() == drawn
    cut = "[...document.querySelectorAll('.scroller')].filter((s) => s.scrollHeight > s.clientHeight + 1)"
    assert phone.ask(f"{cut}.length") == 0
    phone.ask("dispatchEvent(new Event('afterprint'))")
    assert phone.page.locator("#space .photograph").count() == 0


def test_two_runs_on_a_phone(phone: Visit) -> None:
    assert phone.ask("document.documentElement.dataset.theme") == "dark"
    assert phone.ask("document.documentElement.scrollWidth") == 390  # nothing to scroll sideways
    both = sum(len(record.front) for record in TWO_RUNS)
    assert rows(phone) == list(range(both))
    assert phone.ask("document.querySelectorAll('.settings .differs td').length") > 0
    phone.page.locator("#table tbody tr").nth(both - 1).tap()
    phone.page.wait_for_selector("#panel.kept-here")
    assert "second" in phone.text("#panel h2")
    assert phone.text(".command code") == f"ccsrp export runs/second --member {len(TWO_RUNS[1].front) - 1}"
    phone.page.locator(".tile.run input").first.uncheck()
    phone.at_rest()
    assert rows(phone) == list(range(len(TWO_RUNS[0].front), both))
    assert (
        phone.ask("new Set(document.getElementById('hypervolume').data.map((t) => t.line.color)).size") == 1
    )
    with phone.page.expect_download() as waiting:
        phone.page.click("#download")
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0].startswith("run,member,round,accuracy")
    assert lines[1] == "second," + ",".join(TWO_RUNS[1].cells.iloc[0])
    assert phone.wrong == []
