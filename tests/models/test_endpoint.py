import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from line_tui.errors import ModelFileError, UsageError
from line_tui.explain.ports import Cancelled, Prompt
from line_tui.models.catalog import LanguageEntry
from line_tui.models.endpoint import EndpointLanguage
from line_tui.models.loader import load_language
from line_tui.models.model_files import Source, locate

PROMPT = Prompt(head="unused", tail="unused", system="Reply with one word.", user="A fruit?", grammar="root ::= [a-z]+")


class Server(ThreadingHTTPServer):
    """Says the pieces that it was given, one event each, and remembers what it was asked."""

    pieces: list[Any]
    asked: list[Any]
    hung_up: threading.Event
    status = 200
    sent = 0


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast(Server, self.server)
        server.asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(server.status)
        self.end_headers()
        if server.status != 200:
            self.wfile.write(b'{"error": {"message": "no model\\n named that"}}')
            return
        for piece in server.pieces:
            body = piece if isinstance(piece, bytes) else b"data: " + json.dumps(piece).encode() + b"\n\n"
            try:
                self.wfile.write(body)
                self.wfile.flush()
            except OSError:
                server.hung_up.set()
                return
            server.sent += 1
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *arguments: Any) -> None:
        pass


def say(**delta: Any) -> Any:
    return {"choices": [{"delta": delta}]}


@pytest.fixture
def serve() -> Iterator[Any]:
    servers = []

    def start(*pieces: Any, status: int = 200) -> Any:
        server = Server(("127.0.0.1", 0), Handler)
        server.pieces, server.asked, server.status = list(pieces), [], status
        server.hung_up = threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        url = f"http://localhost:{server.server_port}/v1"
        return server, EndpointLanguage("mine", url, "fruit-7b", thinking_tokens=100)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_reply_is_streamed_and_counted(serve: Any) -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 30}}
    server, language = serve(
        say(role="assistant"), say(content="pe"), say(content="ar"), {"choices": [], "usage": usage}
    )
    pieces = []
    reply = language.complete(PROMPT, 7, 0.5, lambda text, thinking: pieces.append((text, thinking)))
    assert (reply.text, reply.prompt_tokens, reply.evaluated_tokens, reply.completion_tokens) == ("pear", 50, 20, 2)
    assert pieces == [("pe", False), ("ar", False)]
    path, asked = server.asked[0]
    assert path == "/v1/chat/completions"
    assert (asked["model"], asked["seed"], asked["temperature"]) == ("fruit-7b", 7, 0.5)
    assert asked["messages"] == [
        {"role": "system", "content": "Reply with one word."},
        {"role": "user", "content": "A fruit?"},
    ]
    assert asked["grammar"] == PROMPT.grammar


@pytest.mark.parametrize(
    "pieces",
    [
        [say(content="<think>"), say(content="green?"), say(content="</think>\n\n"), say(content="pear")],
        [say(reasoning_content="green?"), say(content="pear")],
    ],
)
def test_thoughts_are_shown_and_are_no_part_of_the_reply(serve: Any, pieces: Any) -> None:
    _, language = serve(*pieces)
    seen = []
    reply = language.complete(PROMPT, 1, 0.5, lambda text, thinking: seen.append((text, thinking)))
    assert reply.text == "pear"
    assert ("green?", True) in seen and seen[-1] == ("pear", False)


def test_a_model_that_goes_on_is_cut_off_at_the_end_of_the_line(serve: Any) -> None:
    server, language = serve(say(content="pear\n"), *[say(content="because " * 1000)] * 2000)
    assert language.complete(PROMPT, 1, 0.5, lambda text, thinking: None).text == "pear\n"
    assert server.sent < 2000


def test_cancelled_hangs_up(serve: Any) -> None:
    _, language = serve(say(content="pe"), say(content="ar"))

    def stop(text: str, thinking: Any) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        language.complete(PROMPT, 1, 0.5, stop)
    assert language.complete(PROMPT, 1, 0.5, lambda text, thinking: None).text == "pear"


def test_what_goes_wrong_is_reported_in_one_line(serve: Any) -> None:
    _, language = serve(status=404)
    with pytest.raises(UsageError, match="answers 404: no model named that") as error:
        language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    assert "\n" not in str(error.value)
    server, language = serve(b"data: nonsense\n\n", *[say(content="because " * 1000)] * 2000)
    with pytest.raises(UsageError, match="does not speak OpenAI's protocol") as error:
        language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    assert server.hung_up.wait(20), f"the server goes on while somebody has {error}"
    nobody = EndpointLanguage("mine", "http://127.0.0.1:9/v1", "", 0)
    with pytest.raises(UsageError, match=r"no usable answer from http://127.0.0.1:9/v1"):
        nobody.complete(PROMPT, 1, 0.5, lambda text, thinking: None)


def test_an_entry_of_the_catalogue() -> None:
    entry = LanguageEntry(id="mine", source=Source(endpoint="http://localhost:8080/v1", file="fruit-7b"))
    language = load_language(entry, threads=1)
    assert isinstance(language, EndpointLanguage) and language.name == "mine@fruit-7b"
    with pytest.raises(ModelFileError, match="is served at http://localhost:8080/v1"):
        locate(entry.source, entry.id)


ODD = [
    b"<html><title>Log in</title></html>",
    b"",
    b"data: null\n\n",
    b"data: 7\n\n",
    b"data: []\n\n",
    b"data: {}\n\n",
    b'data: {"choices": 7}\n\n',
    b'data: {"choices": [7]}\n\n',
    b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
    b'data: {"choices": [{"delta": {"content": {"a": 1}}}]}\n\n',
    b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\n',
    b'data: {"choices": [{"delta": {"content": "pear"}}], "usage": {"prompt_tokens": "many"}}\n\n',
    b'data: {"choices": [{"delta": {"content": "pear"}}], "usage": {"prompt_tokens": -5}}\n\n',
    b'data: {"choices": [{"delta": {"content": "pear"}}], "usage": {"completion_tokens": 1e400}}\n\n',
    b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
    b"data: " + b"[" * 100_000 + b"\n\n",
    b'data: {"choices": [{"delta": {"content": "' + b"x" * 3_000_000 + b'"}}]}\n\n',
]


@pytest.mark.parametrize("piece", ODD, ids=lambda piece: piece[:60].decode(errors="replace"))
def test_a_reply_that_is_none_ends_the_run_with_the_address(serve: Any, piece: str) -> None:
    server, language = serve(piece)
    with pytest.raises(UsageError, match=f"localhost:{server.server_port}/v1 does not speak OpenAI's protocol"):
        language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)


@pytest.mark.parametrize(
    "error", [{"message": "out of\n memory \x1b[31m"}, "out of memory", {"code": 5}, ["out of memory"]]
)
def test_an_error_in_the_stream_is_no_empty_reply(serve: Any, error: Any) -> None:
    server, language = serve(say(content="pe"), {"error": error})
    with pytest.raises(UsageError, match=f"localhost:{server.server_port}/v1 broke off") as told:
        language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    assert str(told.value).isprintable()


def test_missing_parts_are_no_error(serve: Any) -> None:
    _, language = serve(
        {"choices": [{"delta": None}], "usage": None},
        {"choices": [{}]},
        {"choices": None},
        say(content=None),
        say(content="pear"),
        {"choices": [], "usage": {"prompt_tokens": None, "prompt_tokens_details": None, "completion_tokens": None}},
    )
    reply = language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("pear", 0, 1)


def test_a_server_that_never_ends_is_left(serve: Any) -> None:
    server, language = serve(*[say(content="x")] * 20_000)
    language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    assert server.sent < 20_000
