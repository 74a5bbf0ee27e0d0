"""The tasks in a real browser: by mouse, by key and by finger, wide and narrow, to work on and to read."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from task_types import registry
from task_types.contract import Json
from tests.task_types.conftest import Open

pytestmark = pytest.mark.browser

LABELS = {"labels": [{"value": "good", "label": "Good", "key": "g"}, "bad", "{label}", "<b>bold</b>"], "comment": "optional"}
TEXT = {"text": "Great <script>document.title = 'hacked'</script> {label}\nsecond line"}
FRUIT = registry.drawer("image_boxes").sample()
PAIR = {"prompt": "Which?", "response_a": "The **first**", "response_b": "<img src=x onerror=alert(1)> the second"}
RATED = {"criteria": ["true", "short"], "justification_least": 10}


def answer(page: Page) -> Json:
    found: Json = page.evaluate("() => document.querySelector('[data-task-root]').task.value()")
    return found


def valid(page: Page, method: str = "isValid") -> bool:
    return bool(page.evaluate(f"() => document.querySelector('[data-task-root]').task.{method}()"))


def accepted(slug: str, settings: Json, row: Json, given: Json) -> Json:
    """What the server makes of the browser's answer."""
    drawer = registry.drawer(slug)
    checked = drawer.check_settings(settings)
    payload, _ = drawer.compile_payload_check(checked)(row)
    assert payload is not None
    return drawer.check_answer(given, payload=payload, settings=checked)


# Choice


def test_a_label_is_chosen_by_its_key_and_by_mouse(open_task: Open) -> None:
    page = open_task("choice", LABELS, TEXT)
    assert not valid(page)
    page.keyboard.press("2")
    assert answer(page) == {"label": "bad"}
    page.keyboard.press("g")
    assert answer(page) == {"label": "good"}
    page.get_by_text("<b>bold</b>").click()
    assert accepted("choice", LABELS, TEXT, answer(page)) == {"label": "<b>bold</b>"}
    assert valid(page)


def test_digits_in_a_comment_are_digits(open_task: Open) -> None:
    page = open_task("choice", LABELS, TEXT)
    page.keyboard.press("2")
    page.get_by_label("Comment").press_sequentially("1 g 3")
    assert answer(page) == {"label": "bad", "comment": "1 g 3"}


def test_text_of_strangers_stays_text(open_task: Open) -> None:
    page = open_task("choice", LABELS, TEXT)
    assert page.locator(".task-text").inner_text() == TEXT["text"]
    assert page.locator(".task-text").get_attribute("dir") == "auto"
    assert page.title() == "Task"
    assert page.get_by_label("{label}").count() == 1


def test_several_labels_are_switched_on_and_off_by_key(open_task: Open) -> None:
    page = open_task("choice", {"labels": ["a", "b", "c"], "several": True}, TEXT)
    for key in ("1", "3", "1"):
        page.keyboard.press(key)
    assert answer(page) == {"labels": ["c"]}


def test_what_is_missing_is_said_where_it_is_missing(open_task: Open) -> None:
    page = open_task("choice", LABELS | {"comment": "required"}, TEXT)
    assert not valid(page, "validate")
    assert page.get_by_text("Choose one of the labels.").is_visible()
    assert page.get_by_text("A comment is needed here.").is_visible()


def test_an_answer_that_is_only_read_cannot_be_changed(open_task: Open) -> None:
    page = open_task("choice", LABELS, TEXT, answer={"label": "bad", "comment": "as\nit was"}, read_only=True)
    page.keyboard.press("1")
    page.get_by_text("{label}", exact=True).click(force=True)
    assert answer(page) == {"label": "bad", "comment": "as\nit was"}
    assert page.get_by_label("bad").is_checked()
    assert page.get_by_text("as\nit was").is_visible()


def test_the_page_hears_of_every_change_but_not_of_its_own(open_task: Open) -> None:
    page = open_task("choice", LABELS, TEXT, answer={"label": "bad"})
    page.evaluate(
        "() => { window.heard = []; document.addEventListener('task:change', (event) => window.heard.push(event.detail)); }"
    )
    page.evaluate("() => document.querySelector('[data-task-root]').task.setValue({ label: 'good' })")
    page.keyboard.press("2")
    assert page.evaluate("() => window.heard") == [{"answer": {"label": "bad"}, "valid": True}]


def test_a_picture_that_does_not_come_says_so(open_task: Open) -> None:
    row = {"image": "table-01.jpg"}
    page = open_task("choice", LABELS, row)
    page.evaluate("() => document.querySelector('.task-picture__image').dispatchEvent(new Event('error'))")
    assert page.get_by_text("The picture could not be loaded.").is_visible()
    page.get_by_role("button", name="Try again").click()
    assert page.locator(".task-picture__image").is_visible()


# Comparison


def test_a_comparison_is_answered_without_a_mouse(open_task: Open) -> None:
    page = open_task("response_comparison", RATED, PAIR, seed="lease 7")
    order = answer(page)["order"]
    for key in ("r", "5", "4", "1", "2", "2"):
        page.keyboard.press(key)
    page.keyboard.press("Tab")
    page.keyboard.type("The second is shorter.")
    given = accepted("response_comparison", RATED, PAIR, answer(page))
    assert given["preference"] == order[1]
    assert given["ratings"] == {order[0]: {"true": 5, "short": 4}, order[1]: {"true": 1, "short": 2}}
    assert given["justification"] == "The second is shorter."
    assert valid(page)


def test_a_digit_after_clicking_a_rating_still_prefers(open_task: Open) -> None:
    page = open_task("response_comparison", RATED, PAIR)
    page.locator(".task-response .task-segment", has_text="4").first.click()
    page.keyboard.press("2")
    assert answer(page)["ratings"] == {"a": {"true": 4}}
    assert answer(page)["preference"] == "b"


def test_a_missing_rating_is_said_and_found(open_task: Open) -> None:
    page = open_task("response_comparison", RATED, PAIR)
    page.keyboard.press("0")
    assert answer(page)["preference"] == "tie"
    assert not valid(page, "validate")
    assert page.get_by_text("Rate each response by each criterion.").is_visible()


def test_responses_are_shown_formatted_and_harmless(open_task: Open) -> None:
    page = open_task("response_comparison", {}, PAIR)
    assert page.locator(".task-response strong").inner_text() == "first"
    assert page.locator(".task-response img").count() == 0


def test_without_ties_a_place_is_given_once(open_task: Open) -> None:
    settings = {"mode": "rank", "ties": False}
    page = open_task("response_comparison", settings, PAIR)
    page.keyboard.press("1")
    page.keyboard.press("1")
    assert answer(page)["ranking"] == [["b"]]
    page.keyboard.press("r")
    page.keyboard.press("2")
    assert accepted("response_comparison", settings, PAIR, answer(page))["ranking"] == [["b"], ["a"]]


@pytest.mark.parametrize(("width", "together"), [(1280, True), (390, False)])
def test_responses_stand_side_by_side_where_there_is_room(open_task: Open, width: int, together: bool) -> None:
    page = open_task("response_comparison", RATED, PAIR, width=width)
    first, second = (card.bounding_box() for card in page.locator(".task-response").all())
    assert first is not None
    assert second is not None
    assert (first["y"] == second["y"]) is together
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


# Boxes


def draw(page: Page, *corners: float) -> None:
    """Drags from one point of the picture to another, in its own pixels."""
    canvas = page.locator(".task-canvas").bounding_box()
    assert canvas is not None
    scale = canvas["width"] / 960
    x0, y0, x1, y1 = ((canvas["x"], canvas["y"])[at % 2] + value * scale for at, value in enumerate(corners))
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move(x1, y1, steps=4)
    page.mouse.up()


def boxes_page(open_task: Open, **more: Any) -> Page:
    page = open_task("image_boxes", FRUIT.settings, FRUIT.rows[0], **more)
    page.locator(".task-canvas__image").evaluate("(image) => image.decode()")
    return page


def about(box: Json, *expected: float) -> bool:
    return all(abs(box[side] - value) <= 2 for side, value in zip("xywh", expected, strict=True))


def test_a_box_is_drawn_labelled_moved_stretched_and_undone(open_task: Open) -> None:
    page = boxes_page(open_task)
    draw(page, 100, 100, 260, 200)
    draw(page, 180, 150, 180, 150)  # a click picks it
    page.keyboard.press("2")
    (box,) = accepted("image_boxes", FRUIT.settings, FRUIT.rows[0], answer(page))["boxes"]
    assert box["label"] == "lemon"
    assert about(box, 100, 100, 160, 100)
    draw(page, 180, 150, 280, 250)
    assert about(answer(page)["boxes"][0], 200, 200, 160, 100)
    draw(page, 360, 300, 400, 350)
    assert about(answer(page)["boxes"][0], 200, 200, 200, 150)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert about(answer(page)["boxes"][0], 100, 100, 160, 100)


def test_a_label_chosen_for_the_next_box_leaves_the_one_just_drawn(open_task: Open) -> None:
    page = boxes_page(open_task)
    draw(page, 100, 100, 200, 200)
    page.keyboard.press("2")
    draw(page, 300, 100, 400, 200)
    page.keyboard.press("3")
    assert [box["label"] for box in answer(page)["boxes"]] == ["apple", "lemon"]


def test_boxes_are_made_and_moved_without_a_mouse(open_task: Open) -> None:
    page = boxes_page(open_task)
    page.keyboard.press("n")
    made = answer(page)["boxes"][0]
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowLeft", "3"):
        page.keyboard.press(key)
    moved = answer(page)["boxes"][0]
    assert moved["label"] == "plum"
    assert moved["x"] > made["x"]
    assert moved["y"] > made["y"]
    assert moved["w"] < made["w"]
    page.keyboard.press("n")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Delete")
    assert [box["label"] for box in answer(page)["boxes"]] == ["plum"]
    assert valid(page)


def test_a_slip_of_the_hand_makes_no_box(open_task: Open) -> None:
    page = boxes_page(open_task)
    draw(page, 100, 100, 102, 101)
    assert answer(page) == {}
    draw(page, 300, 300, 340, 305)
    assert answer(page) == {}
    assert page.get_by_text("at least 8 pixels").is_visible()


def test_nothing_to_mark_has_to_be_said(open_task: Open) -> None:
    page = boxes_page(open_task)
    assert not valid(page, "validate")
    page.get_by_label("Nothing to mark").check()
    assert accepted("image_boxes", FRUIT.settings, FRUIT.rows[0], answer(page))["boxes"] == []
    assert valid(page)
    draw(page, 100, 100, 260, 200)
    assert len(answer(page)["boxes"]) == 1
    assert "none" not in answer(page)


def test_zoom_changes_the_view_and_not_the_boxes(open_task: Open) -> None:
    page = boxes_page(open_task, answer=FRUIT.gold[0])
    before = page.locator(".task-canvas").bounding_box()
    page.keyboard.press("+")
    page.get_by_role("button", name="Zoom in").click()
    after = page.locator(".task-canvas").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > 2 * before["width"]
    assert answer(page)["boxes"] == FRUIT.gold[0]["boxes"]
    page.keyboard.press("0")
    assert page.locator(".task-canvas").bounding_box() == before


def test_boxes_that_are_only_read_stay(open_task: Open) -> None:
    page = boxes_page(open_task, answer=FRUIT.gold[0], read_only=True)
    draw(page, 400, 300, 500, 400)
    page.keyboard.press("Delete")
    assert answer(page)["boxes"] == FRUIT.gold[0]["boxes"]
    assert page.locator(".task-box").count() == len(FRUIT.gold[0]["boxes"])


def test_nothing_can_be_said_of_a_picture_that_did_not_come(open_task: Open) -> None:
    page = open_task("image_boxes", FRUIT.settings, FRUIT.rows[0])
    page.evaluate("() => document.querySelector('.task-canvas__image').dispatchEvent(new Event('error'))")
    expect(page.get_by_text("The picture could not be loaded.")).to_be_visible()
    expect(page.locator(".task-stage")).to_be_hidden()


# Rating

FIVE = {"low_label": "Bad", "high_label": "Good", "comment": "optional"}
FINE = {"lowest": 0, "highest": 10, "step": 0.5, "low_label": "Bad", "high_label": "Good"}


def test_a_rating_is_given_by_digit_by_arrow_and_by_mouse(open_task: Open) -> None:
    page = open_task("rating", FIVE, TEXT)
    assert not valid(page, "validate")
    assert page.get_by_text("Choose a value of the scale.").is_visible()
    page.keyboard.press("4")
    assert answer(page) == {"value": 4}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert answer(page) == {"value": 5}
    page.get_by_role("radio", name="1, Bad").check(force=True)
    page.get_by_label("Comment").press_sequentially("2 of 5")
    assert accepted("rating", FIVE, TEXT, answer(page)) == {"value": 1, "comment": "2 of 5"}
    assert valid(page)


def test_the_first_arrow_goes_to_the_middle_and_0_means_ten(open_task: Open) -> None:
    page = open_task("rating", {"highest": 10}, TEXT)
    page.keyboard.press("ArrowLeft")
    assert answer(page) == {"value": 5}
    page.keyboard.press("0")
    assert answer(page) == {"value": 10}


def test_a_fine_scale_is_a_slider_that_has_no_value_until_one_is_given(open_task: Open) -> None:
    page = open_task("rating", FINE, TEXT)
    slider = page.get_by_role("slider")
    assert slider.get_attribute("aria-valuetext") == "Not rated yet"
    slider.click()
    assert answer(page) == {"value": 5}
    for key in ("ArrowRight", "PageUp", "ArrowLeft"):
        page.keyboard.press(key)
    assert answer(page) == {"value": 9.5}
    page.get_by_label("Value").fill("7.3")
    page.get_by_label("Value").press("Enter")
    assert accepted("rating", FINE, TEXT, answer(page)) == {"value": 7.5}
    assert slider.get_attribute("aria-valuetext") == "7.5"


def test_a_rating_that_is_only_read_is_shown_also_between_two_values(open_task: Open) -> None:
    page = open_task("rating", FIVE, TEXT, answer={"value": 3.25}, read_only=True)
    page.keyboard.press("1")
    page.keyboard.press("ArrowLeft")
    assert answer(page) == {"value": 3.25}
    assert page.get_by_text("3.25").is_visible()
    assert page.get_by_role("radio", checked=True).count() == 0


# Transcription

BELLS = registry.drawer("transcription").sample()
CALL = BELLS.rows[0]  # one ring
LENGTH = CALL["duration"]


def listen(open_task: Open, settings: Json, row: Json = CALL, **more: Any) -> Page:
    """The page once the recording was brought in and its wave drawn."""
    page = open_task("transcription", settings, row, **more)
    page.wait_for_function("seconds => Number(document.querySelector('.task-wave__position').max) > seconds - 0.1", arg=row["duration"])
    return page


def go_to(page: Page, seconds: float) -> None:
    page.get_by_label("Position in the recording").fill(str(seconds))


def test_a_recording_is_transcribed_without_a_mouse(open_task: Open) -> None:
    page = listen(open_task, {})
    assert not valid(page, "validate")
    assert page.get_by_text("Write down what is said, or say that nothing is.").is_visible()
    page.keyboard.press("n")
    page.keyboard.type("Hello, you n there")
    go_to(page, 1.2)
    page.get_by_label("Text of segment 1").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("again")
    first, second = accepted("transcription", {}, CALL, answer(page))["segments"]
    assert first == {"start": 0, "end": 1.2, "text": "Hello, you n there"}
    assert second == {"start": 1.2, "end": pytest.approx(LENGTH, abs=0.01), "text": "again"}
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.type("!")
    assert answer(page)["segments"][0]["text"].count("!") == 1
    assert valid(page)


def test_play_and_pause_work_while_one_writes(open_task: Open) -> None:
    page = listen(open_task, {})
    page.keyboard.press("n")
    page.keyboard.press("Control+Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.type("a b")
    page.keyboard.press("Control+Space")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert answer(page)["segments"][0]["text"] == "a b"
    go_to(page, 2)
    page.get_by_label("Text of segment 1").focus()
    page.keyboard.press("Alt+j")
    assert page.get_by_label("Position in the recording").input_value() == "0"


def test_times_and_speakers_are_set_by_hand_and_segments_stay_in_order(open_task: Open) -> None:
    page = listen(open_task, BELLS.settings)
    for start, who, text in (("1", "Yard", "second"), ("0.2", "Front", "first")):
        go_to(page, 0)
        page.get_by_role("button", name="New segment").click()
        page.keyboard.type(text)
        row = page.locator(".task-line", has=page.locator(":focus"))
        row.get_by_role("combobox").select_option(who)
        row.get_by_label("End of segment").fill(str(float(start) + 0.5))
        row.get_by_label("Start of segment").fill(start)
        row.get_by_label("Start of segment").press("Tab")
    given = accepted("transcription", BELLS.settings, CALL, answer(page))["segments"]
    assert [(one["start"], one["speaker"], one["text"]) for one in given] == [(0.2, "Front", "first"), (1, "Yard", "second")]
    assert page.locator(".task-wave__mark").count() == 2
    page.get_by_role("button", name="Delete segment 1").click()
    assert [one["text"] for one in answer(page)["segments"]] == ["second"]


def test_what_is_wrong_with_a_segment_is_said(open_task: Open) -> None:
    page = listen(open_task, BELLS.settings)
    page.keyboard.press("n")
    assert not valid(page, "validate")
    assert page.get_by_text("Segment 1 has no text.").is_visible()
    page.get_by_label("Text of segment 1").fill("low")
    assert not valid(page, "validate")
    assert page.get_by_text("Say who speaks in segment 1.").is_visible()


def test_silence_has_to_be_said(open_task: Open) -> None:
    page = listen(open_task, BELLS.settings, BELLS.rows[-1])
    page.get_by_label("Nothing is said").check()
    assert accepted("transcription", BELLS.settings, BELLS.rows[-1], answer(page)) == {"segments": []}
    assert valid(page)


def test_a_transcript_that_is_only_read_can_be_heard_and_not_changed(open_task: Open) -> None:
    page = listen(open_task, BELLS.settings, answer=BELLS.gold[0], read_only=True)
    page.keyboard.press("n")
    page.get_by_label("Text of segment 1").press_sequentially("x")
    page.get_by_role("button", name="Play segment 1").click()
    page.get_by_role("button", name="Pause").wait_for()
    assert answer(page) == BELLS.gold[0]
    assert page.get_by_role("button", name="New segment").count() == 0


def test_a_recording_that_does_not_come_says_so(open_task: Open) -> None:
    page = open_task("transcription", {}, {"audio": "bell-01.wav"}, image_url=lambda _: "data:,")
    assert page.get_by_text("The recording could not be loaded.").is_visible()
    assert not page.locator(".task-wave").is_visible()


# Pages


@pytest.mark.parametrize("slug", registry.drawers())
@pytest.mark.parametrize("width", [1280, 390])
def test_a_sample_fits_the_page_at_any_width(open_task: Open, slug: str, width: int) -> None:
    sample = registry.drawer(slug).sample()
    page = open_task(slug, sample.settings, sample.rows[3], width=width)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_an_island_that_is_broken_is_reported(open_task: Open) -> None:
    page = open_task("choice", LABELS, TEXT)
    failed = page.evaluate(
        """() => new Promise((resolve) => {
          document.addEventListener('task:failed', (event) => resolve(String(event.detail.error)), { once: true });
          window.addEventListener('unhandledrejection', (event) => event.preventDefault());
          const root = document.createElement('div');
          root.dataset.taskRoot = 'not-there';
          document.body.append(root);
          document.dispatchEvent(Object.assign(new CustomEvent('htmx:load', { detail: { elt: root } })));
        })"""
    )
    assert "null" in failed
