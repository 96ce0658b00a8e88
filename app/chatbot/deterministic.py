"""Questions the chatbot answers itself: the time, the date, its release, and what it can do.

A question must match as a whole. "What time is it?" is answered here; "What time does the museum open?" is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from chatbot.release import Release

Language = Literal["en", "ja", "ko", "zh"]
Intent = Literal["time", "date", "release", "help"]

_ASK_EN = r"(?:please )?(?:hello |hi )?(?:do you know |(?:can|could) you )?(?:please )?(?:tell me |show me |show )?"
_ASKED_EN = r"(?: right)?(?: now)?(?: today)?(?: please)?"
_END_JA = (
    r"(?:は)?(?:何|なに|なん|いくつ|どれ|いつ)?(?:ですか|でしょうか|ですかね|だっけ|なの|か)?"
    r"(?:を)?(?:(?:教|おし)えて(?:ください|下さい)?)?"
)
_END_KO = (
    r"(?:은|는|이|가)?(?:뭐|무엇|몇시|며칠)?(?:이)?(?:야|지|니|죠|에요|예요|인가요|입니까|인지|을|를|좀)*"
    r"(?:알려(?:줘|주세요|줄래)|가르쳐(?:줘|주세요))?"
)
_ASK_ZH = (
    r"(?:请问|請問|你好)?(?:请|請)?(?:告诉我|告訴我)?(?:一下)?"
    r"(?:现在|現在|当前|當前|目前|今天|今日|你|你的|这个|這個)?(?:的|是)?"
)
_END_ZH = r"(?:是)?(?:几点|幾點|多少|什么|什麼|哪个|哪個|几号|幾號)?(?:了|呢|啊|吗|嗎|钟|鐘)*"

_QUESTIONS: dict[Language, dict[Intent, str]] = {
    "en": {
        "time": _ASK_EN
        + r"(?:whats |what is |what )?(?:the )?(?:current |local |server )?time(?: is it| it is)?"
        + _ASKED_EN,
        "date": _ASK_EN
        + r"(?:whats |what is |what )?(?:the |todays |the current |current )?(?:date|day|day of the week|weekday)"
        + r"(?: is it| it is| is today| today is)?"
        + _ASKED_EN,
        "release": _ASK_EN
        + r"(?:whats |what is |what |which )?(?:the |your )?(?:current )?(?:app |chatbot )?(?:version|release|build)"
        + r"(?: number| id)?(?: are you| you are| is this| this is| is running| are you running| do you run)?"
        + _ASKED_EN,
        "help": r"(?:please )?help(?: me)?(?: please)?|what can (?:you do|i ask)(?: you)?|who are you|what are you",
    },
    "ja": {
        "time": r"(?:すみません)?(?:今|いま|現在)?(?:の|は)?(?:何時|なんじ|時刻|時間)(?:は何時)?" + _END_JA,
        "date": r"(?:すみません)?(?:今日|きょう|本日|現在)?(?:の|は)?(?:何月何日|何日|日付|日にち|何曜日|曜日)"
        + _END_JA,
        "release": r"(?:今|いま|現在|この|あなた)?(?:の|は)?(?:アプリ)?(?:の)?(?:バージョン|リリース)(?:番号|id)?"
        + _END_JA,
        "help": r"(?:ヘルプ|使い方|何が(?:でき|出来)(?:ますか|る|るの|るのですか)|あなたは(?:誰|だれ))" + _END_JA,
    },
    "ko": {
        "time": r"(?:지금|현재)?(?:은|는)?(?:몇시|시간|시각)" + _END_KO,
        "date": r"(?:오늘|지금|현재)?(?:은|는|이)?(?:의)?(?:몇월며칠|며칠|몇일|날짜|무슨요일|요일)" + _END_KO,
        "release": r"(?:지금|현재|이|앱)?(?:의)?(?:버전|릴리스|릴리즈)(?:번호|id)?" + _END_KO,
        "help": r"도움말|도와(?:줘|주세요)|(?:뭘|무엇을)할수있(?:어|어요|나요|습니까)"
        r"|(?:넌|너는|당신은)?누구(?:야|세요|예요|입니까)",
    },
    "zh": {
        "time": _ASK_ZH + r"(?:几点|幾點|什么时间|什麼時間|时间|時間)" + _END_ZH,
        "date": _ASK_ZH
        + r"(?:几月几[号日]|幾月幾[號日]|几号|幾號|日期|星期几|星期幾|周几|週幾|礼拜几|什么日子)"
        + _END_ZH,
        "release": _ASK_ZH + r"(?:什么|什麼|哪个|哪個)?(?:发布|發佈)?(?:版本)(?:号|號)?" + _END_ZH,
        "help": r"帮助|幫助|你(?:能|会|會|可以)做(?:什么|什麼)|你是(?:谁|誰|什么|什麼)",
    },
}
_PATTERNS: dict[Language, dict[Intent, re.Pattern[str]]] = {
    language: {intent: re.compile(pattern) for intent, pattern in patterns.items()}
    for language, patterns in _QUESTIONS.items()
}

_WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ja": ("月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日", "日曜日"),
    "ko": ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_ANSWERS: dict[Language, dict[Intent, str]] = {
    "en": {
        "time": "It is {hour}:{minute} ({zone}).",
        "date": "Today is {weekday}, {day} {month_name} {year} ({zone}).",
        "release": "This is release {release}, built from commit {commit}.",
        "help": "Ask me anything. Time, date and release I know myself; for the rest I ask a language model.",
    },
    "ja": {
        "time": "ただいま{hour}時{minute}分です（{zone}）。",
        "date": "今日は{year}年{month}月{day}日、{weekday}です（{zone}）。",
        "release": "リリース {release}、コミット {commit} で動いています。",
        "help": "何でも聞いてください。時刻、日付、リリースは自分で答え、それ以外は言語モデルに尋ねます。",
    },
    "ko": {
        "time": "지금은 {hour}시 {minute}분입니다({zone}).",
        "date": "오늘은 {year}년 {month}월 {day}일 {weekday}입니다({zone}).",
        "release": "릴리스 {release}, 커밋 {commit}(으)로 실행 중입니다.",
        "help": "무엇이든 물어보세요. 시간, 날짜, 릴리스는 제가 직접 답하고 나머지는 언어 모델에 묻습니다.",
    },
    "zh": {
        "time": "现在是{hour}:{minute}（{zone}）。",
        "date": "今天是{year}年{month}月{day}日，{weekday}（{zone}）。",
        "release": "当前发布版本为 {release}，提交为 {commit}。",
        "help": "什么都可以问我。时间、日期和发布版本由我自己回答，其余的我会询问语言模型。",
    },
}
_UNKNOWN: dict[Language, str] = {"en": "unknown", "ja": "不明", "ko": "알 수 없음", "zh": "未知"}


class Deterministic:
    """Answers from the clock and the release alone: no network, no model, no session."""

    def __init__(
        self, release: Release, time_zone: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._release = release
        self._zone = ZoneInfo(time_zone)
        self._clock = clock

    def answer(self, question: str) -> str | None:
        """The answer, or nothing when this is not a question of ours."""
        found = _recognise(question)
        if found is None:
            return None
        language, intent = found
        now = self._clock().astimezone(self._zone)
        return _ANSWERS[language][intent].format(
            year=now.year,
            month=now.month,
            month_name=_MONTHS[now.month - 1],
            day=now.day,
            weekday=_WEEKDAYS[language][now.weekday()],
            hour=f"{now.hour:02}",
            minute=f"{now.minute:02}",
            zone=self._zone.key,
            release=self._release.release_id or _UNKNOWN[language],
            commit=(self._release.git_sha or _UNKNOWN[language])[:12],
        )


def _recognise(question: str) -> tuple[Language, Intent] | None:
    text = _plain(question)
    closed_up = text.replace(" ", "")
    for language in _languages(text):
        for intent, pattern in _PATTERNS[language].items():
            if pattern.fullmatch(text if language == "en" else closed_up):
                return language, intent
    return None


def _languages(text: str) -> tuple[Language, ...]:
    """The languages a text can be in, judged by its script; Chinese and Japanese share one."""
    if re.search(r"[\u3040-\u30ff]", text):
        return ("ja",)
    if re.search(r"[\uac00-\ud7af]", text):
        return ("ko",)
    if re.search(r"[\u4e00-\u9fff]", text):
        return ("zh", "ja")
    return ("en",)


def _plain(question: str) -> str:
    """Lower case, one width, no punctuation, single spaces."""
    text = unicodedata.normalize("NFKC", question).casefold().replace("'", "").replace("’", "")
    kept = (" " if unicodedata.category(character)[0] in "PSZC" else character for character in text)
    return " ".join("".join(kept).split())
