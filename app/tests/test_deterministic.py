from __future__ import annotations

from datetime import UTC, datetime

import pytest
from chatbot.deterministic import Deterministic
from chatbot.release import Release

NOW = datetime(2026, 11, 21, 15, 4, 59, tzinfo=UTC)
RELEASE = Release(release_id="r-42", git_sha="4f2c9d1b7a60e3589c21d4f6a8b0c3e5d7f91a24", image_digest=None)

TIME_EN = "It is 00:04 (Asia/Tokyo)."
DATE_EN = "Today is Sunday, 22 November 2026 (Asia/Tokyo)."
RELEASE_EN = "This is release r-42, built from commit 4f2c9d1b7a60."
TIME_JA = "ただいま00時04分です（Asia/Tokyo）。"
DATE_JA = "今日は2026年11月22日、日曜日です（Asia/Tokyo）。"
RELEASE_JA = "リリース r-42、コミット 4f2c9d1b7a60 で動いています。"
TIME_KO = "지금은 00시 04분입니다(Asia/Tokyo)."
DATE_KO = "오늘은 2026년 11월 22일 일요일입니다(Asia/Tokyo)."
RELEASE_KO = "릴리스 r-42, 커밋 4f2c9d1b7a60(으)로 실행 중입니다."
TIME_ZH = "现在是00:04（Asia/Tokyo）。"
DATE_ZH = "今天是2026年11月22日，星期日（Asia/Tokyo）。"
RELEASE_ZH = "当前发布版本为 r-42，提交为 4f2c9d1b7a60。"

KNOWN = {
    TIME_EN: (
        "What time is it?",
        "what's the time",
        "What’s the current time right now?",
        "TIME",
        "  Could you please tell me the time?  ",
        "do you know what time it is",
        "\uff34\uff29\uff2d\uff25\uff1f",  # full width
    ),
    DATE_EN: ("What is today's date?", "What day is it?", "what day is it today", "date", "what is the date today"),
    RELEASE_EN: ("Which release are you?", "version", "What version is this?", "what is your version number"),
    TIME_JA: ("今何時ですか？", "いま何時", "現在の時刻は？", "時刻を教えてください", "今の時間は何時ですか"),
    DATE_JA: ("今日は何日ですか？", "今日の日付", "今日は何曜日？", "本日の日付を教えて"),
    RELEASE_JA: ("バージョンは？", "リリースを教えて", "バージョンは何ですか？"),
    TIME_KO: ("지금 몇 시예요?", "몇시야", "현재 시간 알려줘", "지금 시각은?"),
    DATE_KO: ("오늘 며칠이에요?", "오늘 날짜", "오늘은 무슨 요일이야?", "오늘 날짜가 뭐예요?"),
    RELEASE_KO: ("버전이 뭐예요?", "릴리스", "현재 버전 알려줘"),
    TIME_ZH: ("现在几点了？", "几点", "請問現在幾點？", "现在是什么时间", "请告诉我现在的时间"),
    DATE_ZH: ("今天几号？", "今天是几月几号", "今天星期几？", "今天的日期是什么"),
    RELEASE_ZH: ("当前版本是多少？", "版本", "什么版本"),
}


def chatbot(release: Release = RELEASE, zone: str = "Asia/Tokyo") -> Deterministic:
    return Deterministic(release, zone, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("question", "answer"), [(question, answer) for answer, questions in KNOWN.items() for question in questions]
)
def test_answers_what_it_knows(question: str, answer: str) -> None:
    assert chatbot().answer(question) == answer


@pytest.mark.parametrize("question", ["What can you do?", "help", "ヘルプ", "何ができますか", "도움말", "你能做什么？"])
def test_says_what_it_can_do(question: str) -> None:
    assert chatbot().answer(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "Hello",
        "What time does the museum open?",
        "Time flies like an arrow",
        "What is the release date of the film?",
        "Which version of Python should I use?",
        "時間とは何か説明してください",
        "今日の天気は？",
        "시간 여행은 가능한가요?",
        "오늘 날씨 어때?",
        "什么是时间旅行？",
        "今天天气怎么样",
    ],
)
def test_leaves_the_rest_to_the_model(question: str) -> None:
    assert chatbot().answer(question) is None


def test_says_so_when_it_has_no_release() -> None:
    nameless = chatbot(Release(release_id=None, git_sha=None, image_digest=None))
    assert nameless.answer("version") == "This is release unknown, built from commit unknown."
    assert nameless.answer("バージョンは？") == "リリース 不明、コミット 不明 で動いています。"


def test_the_time_is_that_of_the_configured_zone() -> None:
    assert chatbot(zone="UTC").answer("time") == "It is 15:04 (UTC)."


def test_a_long_question_is_judged_quickly() -> None:
    assert chatbot().answer("the time " * 100_000) is None
