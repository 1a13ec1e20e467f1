"""The interface in every language, for the page as it is built and for what handlers render.

The language is chosen only here, from the request: by the page's switch, else by the browser. The page is built with
keys that the browser looks up (`gr.I18n`); handlers render with `Languages.of(request)`. The API answers in
English, unless a call names a language; calls that the page itself makes have the language of their request.
"""

from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emer_space.analysis import Language
from emer_space.errors import RuleError
from emer_space.page.scripts import script
from emer_space.page.words import Words, load_words

DEFAULT: Language = "en"
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}
"""The languages, with the tags that browsers, screen readers and Gradio know them by."""


TITLES: dict[Language, str] = {"en": "English", "zh": "中文"}
"""What the switch calls the languages."""
CHOICE = "emer-language"
"""The cookie with a visitor's choice; it says nothing else."""
PARAMETER = "language"
"""The same in the page's address, which Gradio repeats in every call: for links, and where there are no cookies."""
SWITCH_SCRIPT = script("switch")
"""Makes the links of the header's switch remember the choice."""


def requested_language(headers: Mapping[str, str], query: str = "") -> Language:
    """The language of a request: that of its address, else the visitor's choice, else the browser's."""
    named = parse_qs(query).get(PARAMETER, [""])[-1]
    if known := _known(named):
        return known
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        cookies.clear()
    chosen = cookies[CHOICE].value if CHOICE in cookies else ""
    return _known(chosen) or chosen_language(headers.get("accept-language", ""))


def _known(name: str) -> Language | None:
    return next((language for language in TAGS if language == name), None)


def chosen_language(accepted: str) -> Language:
    """The available language that an Accept-Language header prefers, or English.

    Every variant of Chinese is `zh`: simplified characters help a reader of traditional ones more than English does.
    """
    best, liking = DEFAULT, 0.0
    for choice in accepted.split(","):
        tag, _, rest = choice.partition(";")
        language = _known(tag.strip().lower().split("-")[0])
        if language and (liked := _liking(rest)) > liking:
            best, liking = language, liked
    return best


def _liking(parameters: str) -> float:
    """The q value of a choice: 1 if it has none, 0 (refused) if it cannot be read."""
    name, _, value = parameters.partition("=")
    if not name.strip():
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


class Languages:
    """The words of all languages. A call with a key gives what Gradio shows in the browser's language."""

    def __init__(self) -> None:
        self._words = {language: load_words(language) for language in TAGS}
        self.i18n = gr.I18n(**{language: {} for language in TAGS})

    def __call__(self, key: str) -> Any:
        """A text without values, for a component's property: label, info, placeholder, value, name of a choice."""
        return self.rendered(key, lambda words: words(key))

    def rendered(self, name: str, render: Callable[[Words], str]) -> Any:
        """HTML from each language's words, for the page as it is built. Raises `RuleError` for braces in it."""
        for language, words in self._words.items():
            text = render(words)
            if "{" in text:
                raise RuleError(f"the browser would take the braces of {name!r} ({language}) for a placeholder")
            self.i18n.translations[language][name] = text
        return self.i18n(name)

    def of(self, request: gr.Request) -> Words:
        """The words for an answer to this request."""
        scope = getattr(request.request, "scope", {})
        query = scope.get("query_string", b"").decode("latin-1")
        return self._words[requested_language(request.headers, query)]

    @property
    def english(self) -> Words:
        """The English words, which the API answers with."""
        return self._words[DEFAULT]

    @property
    def all(self) -> tuple[Words, ...]:
        """The words of all languages."""
        return tuple(self._words.values())


class PageInOneLanguage:
    """Middleware that writes the chosen language into the page.

    Otherwise Gradio would take the browser's first language, and it knows only zh-CN and zh-TW: half of the page would
    be English for zh-HK, or for French before Chinese, and `lang` would be English for everybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = {
            name: b",".join(value for other, value in scope["headers"] if other == name.encode()).decode("latin-1")
            for name in ("accept-language", "cookie")
        }
        tag = TAGS[requested_language(headers, scope.get("query_string", b"").decode("latin-1"))]
        start: Message = {}
        page = b""

        async def send_page(message: Message) -> None:
            nonlocal start, page
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                page += message.get("body", b"")
                if not message.get("more_body"):
                    marked = in_language(page, tag)
                    others = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                    length = (b"content-length", str(len(marked)).encode())
                    await send({**start, "headers": [*others, length, (b"vary", b"accept-language, cookie")]})
                    await send({**message, "body": marked})

        await self.app(scope, receive, send_page)


def in_language(page: bytes, tag: str) -> bytes:
    """The page with its `lang` set, and with a script that makes the browser report this language."""
    script = f'<script>Object.defineProperty(navigator, "language", {{ value: "{tag}" }})</script>'
    marked = page.replace(b'lang="en"', f'lang="{tag}"'.encode(), 1)
    return marked.replace(b"<head>", b"<head>" + script.encode(), 1)
