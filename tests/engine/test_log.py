from pathlib import Path

from line_tui.engine.log import EngineLog


def test_lines_are_kept_and_what_was_overwritten_is_not_shown(tmp_path: Path) -> None:
    log = EngineLog(tmp_path / "new" / "engine.log")
    log.write(b"one\n10 %\r50 ")
    log.write(b"%\r100 %\r\n\ntwo \xff\n")
    log.close()
    assert log.last_lines() == ["one", "100 %", "two \ufffd"]
    assert log.last_lines(1) == ["two \ufffd"]
    assert log.path.read_bytes().startswith(b"one\n10 %\r50 %")


def test_a_large_log_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_bytes(b"old\n" * 2_000_000)
    log = EngineLog(path)
    log.write(b"new\n")
    log.close()
    assert path.read_bytes() == b"new\n"


def test_a_log_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = EngineLog(tmp_path / "file" / "engine.log")
    log.write(b"hello\n")
    assert log.last_lines() == ["hello"]
