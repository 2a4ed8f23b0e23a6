"""Whatever is read from outside, changed at random: each ends in a value or in one clear error, and in nothing else."""

from __future__ import annotations

import io
import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from line_tui import events as e
from line_tui.cli import run
from line_tui.cli.neuron_selector import as_number, is_selector, select
from line_tui.config import read_config
from line_tui.engine import protocol as p
from line_tui.errors import EngineError, LineError
from line_tui.evaluate.explanations import read_explanations
from line_tui.explain.ports import Prompt
from line_tui.hub.receipts import Receipts
from line_tui.hub.unfinished import find_unfinished
from line_tui.models import endpoint
from line_tui.models.catalog import LanguageEntry, read_catalog
from line_tui.models.lock_file import lock_path, read_pins
from line_tui.models.model_files import Source, bundled_models
from line_tui.models.picture_folder import open_folder, read_picture
from line_tui.png import decode_png
from line_tui.sanitize import as_concept, shown
from line_tui.store import Store
from tests.campaign.tally import CODES, Tally
from tests.models.toys import mine
from tests.nasty import NASTY, obeyed

_PIECES = [
    *["", "0", "-1", "9" * 400, "1e999", "nan", "null", "true", "[]", "{}", '""', "'", '"', "\\", "\0", "\n", ",", "="],
    *["..", "../../x", "/etc/passwd", "\x1b[2J", "\u202e", "²", "[[", "]]", "=1+1", "[/INST]", "é" * 300, "[" * 3000],
    *["\ud800".encode("utf-8", "surrogatepass").decode("latin1"), NASTY],
]


class Fuzzer:
    """Changes valid inputs at random and gives them to what reads them."""

    def __init__(self, folder: Path, rng: random.Random, tally: Tally) -> None:
        self._folder, self._rng, self._tally = folder, rng, tally
        self._seeds = _seeds()
        self._store = self._make_store()
        self._targets: dict[str, Callable[[], object]] = {
            "fuzz catalogue": self._catalogue,
            "fuzz settings": self._settings,
            "fuzz database": self._database,
            "fuzz CSV": self._csv,
            "fuzz lock file and receipts": self._small_files,
            "fuzz picture": self._picture,
            "fuzz class folder": self._classes,
            "fuzz selector": self._selector,
            "fuzz endpoint": self._endpoint,
            "fuzz protocol": self._protocol,
            "fuzz text": self._text,
            "fuzz command line": self._command_line,
            "fuzz weights": self._weights,
            "fuzz model folder": self._model_folder,
            "fuzz cache": self._cache,
        }

    def one_round(self) -> None:
        """One input for each of the quick readers, now and then one for a slow one."""
        for kind, target in self._targets.items():
            slow = kind in ("fuzz model folder", "fuzz command line", "fuzz database")
            if slow and self._rng.random() > 0.15:
                continue
            state = self._rng.getstate()
            self._tally.tried[kind] += 1
            try:
                target()
            except LineError as error:
                if obeyed(str(shown(str(error)))) or error.exit_code not in CODES:
                    self._tally.failed(kind, f"an error that a terminal obeys: {error!r}")
            except Exception as error:
                self._tally.failed(kind, f"{type(error).__name__}: {error} (state {hash(state)})")

    # -- inputs ---

    def _changed(self, valid: bytes) -> bytes:
        """A valid input with some of its bytes changed, cut, doubled, or put in from elsewhere."""
        rng, data = self._rng, bytearray(valid)
        for _ in range(rng.randint(0, 4)):
            place = rng.randint(0, len(data))
            match rng.randrange(6):
                case 0:
                    data[place : place + rng.randint(1, 40)] = b""
                case 1:
                    data[place:place] = rng.choice(_PIECES).encode(errors="surrogatepass")
                case 2 if data:
                    data[min(place, len(data) - 1)] ^= 1 << rng.randrange(8)
                case 3:
                    data = data[:place]
                case 4:
                    data[place:place] = rng.randbytes(rng.randint(1, 20))
                case _:
                    data[place:place] = data[: rng.randint(0, 200)]
        return bytes(data)

    def _words(self) -> str:
        return self._changed(b"animal").decode("utf-8", "surrogateescape")

    def _file(self, name: str, content: bytes) -> Path:
        path = self._folder / "fuzz" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    # -- readers ---

    def _catalogue(self) -> None:
        read_catalog(self._file("catalog.toml", self._changed(self._seeds["catalogue"])), pins={})

    def _settings(self) -> None:
        read_config(self._file("config.toml", self._changed(self._seeds["settings"])))

    def _csv(self) -> None:
        read_explanations(self._file("a.csv", self._changed(b'neuron,explanation\n1,dog\n2,"red, apple"\n')), "fc", 9)

    def _small_files(self) -> None:
        pin = {"tiny": {"repo": "a/b", "revision": None, "commit": "0" * 40, "sha256": {"a": "0" * 64}}}
        lock_path().parent.mkdir(parents=True, exist_ok=True)
        lock_path().write_bytes(self._changed(json.dumps(pin).encode()))
        try:
            read_pins()
        finally:
            lock_path().unlink()
        receipts = self._file("verified.json", self._changed(b'{"/tmp/x": [1, 2]}'))
        Receipts(receipts).hold([receipts])
        Receipts(receipts).write([receipts])

    def _picture(self) -> None:
        content = self._changed(self._seeds["png"])
        decode_png(content)
        try:
            read_picture(self._file("a.png", content))
        except Exception as error:
            if type(error).__name__ != "UnreadablePicture":
                raise

    def _classes(self) -> None:
        folder = self._folder / "fuzz" / "classes"
        (folder / "cat").mkdir(parents=True, exist_ok=True)
        (folder / "cat" / "a.png").write_bytes(self._seeds["png"])
        (folder / "names.json").write_bytes(self._changed(b'{"cat": "a cat"}'))
        for each in open_folder(folder).classes:
            assert each.concept == as_concept(each.concept) and not obeyed(each.concept)

    def _selector(self) -> None:
        text = self._changed(self._rng.choice([b"0-7", b"3,1,2", b"random:3", b"all", b"12"])).decode(errors="replace")
        as_number(text)
        if is_selector(text):
            chosen = select(text, 20, 0)
            assert all(0 <= neuron < 20 for neuron in chosen)

    def _endpoint(self) -> None:
        chunk = b'data: {"choices": [{"delta": {"content": "pear"}}], "usage": {"prompt_tokens": 5}}\n\n'
        body = self._changed(chunk * self._rng.randint(1, 3))
        language = endpoint.EndpointLanguage("mine", "http://127.0.0.1:9/v1", "m", 10)
        answer = _Answer(body, self._rng.choice([200, 200, 200, 302, 500]))
        with patch.object(endpoint, "HTTPConnection", lambda *arguments, **options: answer):
            reply = language.complete(Prompt("h", "t", "s", "u", "g"), 1, 0.5, lambda text, thinking: None)
            msgspec.json.encode(e.Token(text=reply.text))

    def _protocol(self) -> None:
        command = p.Start(run_id="r", spec=e.RunSpec(model="m", layer="l", neuron=1))
        with suppress(ValueError, RecursionError):
            msgspec.json.Decoder(p.AnyCommand).decode(self._changed(msgspec.json.encode(command)))

    def _text(self) -> None:
        text = self._words()
        assert not obeyed(shown(text)) and not obeyed(as_concept(text))
        shown(text).encode()

    def _database(self) -> None:
        row = self._rng.choice(["spec", "created", "title", "id", "body", "time", "type", "seq"])
        table = "events" if row in ("body", "time", "type", "seq") else "runs"
        valid = self._seeds["event"] if row == "body" else self._seeds["spec"] if row == "spec" else b"7"
        value: Any = self._changed(valid)
        if self._rng.random() < 0.8:
            value = value.decode("utf-8", "replace")
        with closing(sqlite3.connect(self._store.folder / "line.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            before = connection.execute(f"SELECT rowid, {row} FROM {table} ORDER BY random() LIMIT 1").fetchone()
            try:
                connection.execute(f"UPDATE {table} SET {row} = ? WHERE rowid = ?", (value, before[0]))
            except sqlite3.IntegrityError:
                return
        try:
            runs = self._store.runs(include_deleted=True)
            assert len(runs) == 3 and sum(run.status == "damaged" for run in runs) <= 1
            self._store.purgeable()
            for listed in runs:
                with suppress(LineError):
                    self._store.events(listed.id)
        finally:
            with closing(sqlite3.connect(self._store.folder / "line.db", isolation_level=None)) as connection:
                connection.execute(f"UPDATE {table} SET {row} = ? WHERE rowid = ?", (before[1], before[0]))

    def _make_store(self) -> Store:
        store = Store.open(self._folder / "fuzz-store")
        for run_id in ("a", "b", "c"):
            store.create(run_id, e.RunSpec(model="m", layer="l", neuron=1))
            record = e.ImageRecord(identity="0" * 32, path="x", prompt="p", seed=1)
            store.append_all(
                run_id,
                [
                    e.ModelsLoaded(seconds=1.0),
                    e.ImageScored(trial="t", concept="c", index=0, image=record, activation=1.0),
                    e.Finished(label="c", trial="t", reason=""),
                ],
            )
        return store

    def _command_line(self) -> None:
        rng = self._rng
        commands = [
            ["runs"], ["runs", "show"], ["runs", "export"], ["runs", "delete"], ["runs", "purge"], ["config", "show"],
            ["explain"], ["explain", "m", "fc"], ["layers"], ["neurons", "m"], ["models", "path"], ["models", "verify"],
            ["senses", "m"], ["maximise", "m"], [],
        ]  # fmt: skip
        options = ["--json", "--seed", "--images", "--iterations", "--strategy", "--resume", "--data", "--to", "--yes"]
        arguments = list(rng.choice(commands))
        for _ in range(rng.randint(0, 4)):
            arguments.insert(rng.randint(0, len(arguments)), rng.choice([self._words(), rng.choice(options)]))
        arguments = [each.replace("\0", "") for each in arguments]
        if "evaluate" in arguments or any(each in ("bench", "doctor", "pull", "remove") for each in arguments):
            return
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments, _no_engine)
        if code not in CODES or "Traceback" in err.getvalue() or code == 1:
            self._tally.failed("fuzz command line", f"{arguments!r}: exit code {code}: {err.getvalue()[-300:]}")
        if obeyed(err.getvalue()):
            self._tally.failed("fuzz command line", f"{arguments!r}: a terminal obeys {err.getvalue()!r}")

    def _weights(self) -> None:
        from line_tui.models.weights import read_weights

        path = self._file("a.safetensors", self._changed(self._seeds["safetensors"]))
        read_weights(path, "mine")
        from line_tui.models.gguf import _check_header

        _check_header(self._file("a.gguf", self._changed(self._seeds["gguf"])), "mine")

    def _model_folder(self) -> None:
        from line_tui.models.vision_loader import layers_of

        kind = self._rng.choice(["weights", "timm", "transformers"])
        folder = self._folder / "fuzz" / f"model-{kind}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_bytes(self._changed(self._seeds[kind]))
        (folder / "model.safetensors").write_bytes(self._seeds["safetensors"])
        out = io.StringIO()
        with redirect_stderr(out), redirect_stdout(out):
            layers_of("mine", mine(folder, format=kind))

    def _cache(self) -> None:
        find_unfinished([LanguageEntry(id="tiny", source=Source(hub="someone/tiny"))])


def _no_engine(data: Path | None, low_priority: bool = False) -> Any:
    raise EngineError("there is no engine in this campaign", "none is needed")


class _Answer(io.BytesIO):
    """A connection whose server answers so."""

    def __init__(self, body: bytes, status: int) -> None:
        super().__init__(body)
        self.status = status

    def request(self, *arguments: object) -> None:
        pass

    def getresponse(self) -> _Answer:
        return self


def _seeds() -> dict[str, bytes]:
    """Valid inputs."""
    import numpy as np
    from PIL import Image
    from safetensors.numpy import save

    from line_tui.config import Config, to_toml

    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "png")
    record = e.ImageRecord(identity="0" * 32, path="x", prompt="p", seed=1)
    event = e.ImageScored(trial="t", concept="c", index=0, image=record, activation=1.0)
    return {
        "catalogue": (bundled_models() / "catalog.toml").read_bytes()[:4000],
        "settings": to_toml(Config()).encode(),
        "png": picture.getvalue(),
        "event": msgspec.json.encode(event),
        "spec": msgspec.json.encode(e.RunSpec(model="m", layer="l", neuron=1)),
        "safetensors": save({"fc.weight": np.zeros((2, 3), np.float32), "fc.bias": np.zeros(2, np.float32)}),
        "gguf": b"GGUF" + (3).to_bytes(4, "little") + bytes(400),
        "weights": (bundled_models() / "emoji-resnet18" / "config.json").read_bytes(),
        "timm": b'{"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": {"input_size": [3, 32, 32]}}',
        "transformers": b'{"architectures": ["ResNetForImageClassification"], "model_type": "resnet", "depths": [1],'
        b' "hidden_sizes": [8], "embedding_size": 8, "num_labels": 2, "layer_type": "basic"}',
    }
