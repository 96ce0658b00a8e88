from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import listen
from tests.support.front_door import FrontDoor
from tests.support.processes import server
from tests.support.scripted_server import ScriptedServer, completion_piece, completion_stream, respond, stream

RELEASE = "Release 2026-11-21-r42, commit 4f2c9d1"


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")


def test_it_shows_the_release_it_talks_to(page: Page, complaints: list[str]) -> None:
    expect(page.locator("#release")).to_have_text(RELEASE)
    expect(page.locator("#release")).to_have_attribute("data-state", "ok")
    assert complaints == []


def test_a_deterministic_answer(page: Page, complaints: list[str]) -> None:
    page.get_by_role("button", name="What time is it?").click()
    expect(page.locator(".question .words")).to_have_text("What time is it?")
    expect(page.locator(".answer .words")).to_have_text(re.compile(r"It is \d\d:\d\d \(UTC\)\."))
    expect(page.locator(".answer .note")).to_have_text("From the chatbot itself")
    expect(page.locator("#welcome")).to_be_hidden()
    expect(page.get_by_role("textbox")).to_be_focused()
    assert complaints == []


def test_an_answer_of_the_model_grows_and_is_announced_once_whole(page: Page, complaints: list[str]) -> None:
    ask(page, "Which river is the longest?")
    words = page.locator(".answer .words")
    expect(words).to_have_text("The Nile, ")
    expect(page.get_by_role("button", name="Stop answering")).to_be_visible()
    expect(page.locator(".answer")).to_have_attribute("aria-busy", "true")
    expect(words).to_have_text("The Nile, at about 6650 km.")
    expect(page.locator(".answer .note")).to_have_text("From the language model")
    expect(page.get_by_role("status")).to_have_text("The Nile, at about 6650 km.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert complaints == []


def test_the_conversation_goes_on_until_a_new_one_is_begun(page: Page, model: ScriptedServer) -> None:
    for number in (1, 2):
        ask(page, f"Question {number}?")
        expect(page.locator(".answer .note")).to_have_count(number)
    assert len(model.received[1].body["messages"]) == 4  # the prompt, the first exchange, the second question
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".item")).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    ask(page, "Question 3?")
    expect(page.locator(".answer .note")).to_have_count(1)
    assert len(model.received[2].body["messages"]) == 2


@pytest.mark.parametrize(
    ("locale", "tag", "greeting"),
    [
        ("en-US", "en", "What would you like to know?"),
        ("ja-JP", "ja", "何を知りたいですか？"),
        ("ko-KR", "ko", "무엇이 궁금하세요?"),
        ("zh-CN", "zh-Hans", "想了解些什么？"),
        ("fr-FR", "en", "What would you like to know?"),
    ],
)
def test_it_speaks_the_browsers_language(
    browser: Browser, door: FrontDoor, complaints: list[str], locale: str, tag: str, greeting: str
) -> None:
    with browser.new_context(locale=locale) as context:
        page = context.new_page()
        listen(page, complaints)
        page.goto(door.url)
        expect(page.locator("html")).to_have_attribute("lang", tag)
        expect(page.get_by_role("heading", level=2)).to_have_text(greeting)
        page.locator("[data-suggestion]").first.click()
        expect(page.locator(".answer .note")).to_have_attribute("data-text", "source_deterministic")
        ask(page, {"en": "release", "ja": "リリース", "ko": "릴리스", "zh-Hans": "版本"}[tag])
        expect(page.locator(".answer .words").last).to_contain_text("2026-11-21-r42")
    assert complaints == []


def test_a_chosen_language_reaches_everything_and_is_remembered(page: Page, complaints: list[str]) -> None:
    ask(page, "What time is it?")
    expect(page.locator(".answer .note")).to_have_text("From the chatbot itself")
    page.get_by_label("Language").select_option("ja")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.locator(".answer .note")).to_have_text("チャットボット自身の回答")
    expect(page.locator("#release")).to_have_text("リリース 2026-11-21-r42、コミット 4f2c9d1")
    expect(page.get_by_role("textbox", name="質問")).to_have_attribute("placeholder", "質問を入力")
    expect(page.get_by_role("button", name="送信")).to_be_visible()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.get_by_role("combobox", name="言語")).to_have_value("ja")
    assert complaints == []


def test_enter_of_an_input_method_sends_nothing(page: Page) -> None:
    field = page.get_by_role("textbox")
    field.fill("今何時")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(page.locator(".item")).to_have_count(0)
    field.press("Shift+Enter")
    expect(page.locator(".item")).to_have_count(0)
    field.press("Enter")
    expect(page.locator(".answer .note")).to_have_count(1)


def test_busy_counts_down_and_can_be_tried_again(page: Page, model: ScriptedServer) -> None:
    model._scripts[:] = [respond(429, {}, retry_after="3"), completion_stream("Now ", "it works.")]
    ask(page, "Why?")
    expect(page.get_by_role("alert")).to_contain_text("Many people are asking right now.")
    expect(page.get_by_role("alert")).to_contain_text("Reference: ")
    retry = page.locator(".retry")
    expect(retry).to_have_text(re.compile(r"Try again in [1-3] s"))
    expect(retry).to_be_disabled()
    expect(retry).to_be_enabled()
    retry.click()
    expect(page.locator(".answer .words")).to_have_text("Now it works.")


def test_an_answer_that_breaks_off_is_said_to_be_so(page: Page, model: ScriptedServer) -> None:
    model._scripts[:] = [stream("text/event-stream", [completion_piece("Half an ans"), b""])]
    ask(page, "Why?")
    expect(page.locator(".answer .words")).to_have_text("Half an ans")
    expect(page.get_by_role("alert")).to_contain_text("The language model could not answer.")


def test_a_server_that_is_gone_is_said_to_be_so(page: Page, door: FrontDoor) -> None:
    expect(page.locator("#release")).to_have_text(RELEASE)
    door.backend = None
    ask(page, "Why?")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(page.locator("#release")).to_have_attribute("data-state", "unreachable")


def test_a_new_release_is_noticed(page: Page, door: FrontDoor, tmp_path: Path) -> None:
    expect(page.locator("#release")).to_have_text(RELEASE)
    folder = tmp_path / "second"
    folder.mkdir()
    with server(folder, RELEASE_ID="r43") as second:
        door.backend = second.url
        ask(page, "What time is it?")
        expect(page.locator("#release")).to_have_text("Release r43")


def test_an_answer_can_be_stopped(page: Page, model: ScriptedServer) -> None:
    model._scripts[:] = [completion_stream("and ", done=False, pause=0.1, for_ever=True)]
    ask(page, "Talk!")
    expect(page.locator(".answer .words")).to_contain_text("and and")
    page.get_by_role("button", name="Stop answering").click()
    expect(page.locator(".answer .note")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert model.client_left.wait(10)


def test_markup_in_an_answer_stays_text(page: Page, model: ScriptedServer, complaints: list[str]) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    model._scripts[:] = [completion_stream(attack)]
    ask(page, attack)
    expect(page.locator(".answer .words")).to_have_text(attack)
    assert page.locator("main script, main .words img").count() == 0
    assert complaints == []


def test_everything_works_by_keyboard(page: Page) -> None:
    page.locator("body").click(position={"x": 2, "y": 2})
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.dataset.text || ''"))
    for stop in ("language", "conversation", "suggestion_time", "suggestion_write", "question", "send"):
        assert stop in reached, reached
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") is not None


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, model: ScriptedServer, width: int) -> None:
    model._scripts[:] = [completion_stream("x" * 500)]
    page.set_viewport_size({"width": width, "height": 740})
    for language in ("en", "ja", "ko", "zh"):
        page.get_by_role("combobox").select_option(language)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    ask(page, "y" * 300)
    expect(page.locator(".answer .note")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")


# Relative luminance and contrast as WCAG 2 defines them, for every text that is visible.
CONTRAST = """() => {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    probe.clearRect(0, 0, 1, 1); probe.fillStyle = color; probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    if (!own || box.width < 2 || element.closest("[hidden], .hidden, .skip, noscript, option")) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([element.textContent.trim().slice(0, 40), Math.round(ratio * 100) / 100]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser: Browser, door: FrontDoor, model: ScriptedServer, scheme: str) -> None:
    with browser.new_context(locale="en", color_scheme=scheme, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(door.url)
        expect(page.locator("#release")).to_have_text(RELEASE)
        measured = page.evaluate(CONTRAST)
        ask(page, "Which river is the longest?")
        expect(page.locator(".answer .note")).to_have_count(1)
        model._scripts[:] = [respond(400, {})]
        ask(page, "Why?")
        expect(page.get_by_role("alert")).to_be_visible()
        measured += page.evaluate(CONTRAST)
    assert len(measured) > 20
    assert [entry for entry in measured if entry[1] < 4.5] == []


def test_motion_is_only_for_those_who_like_it(browser: Browser, door: FrontDoor) -> None:
    with browser.new_context(locale="en", reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(door.url)
        ask(page, "time")
        assert page.locator(".answer").evaluate("element => getComputedStyle(element).animationName") == "none"
