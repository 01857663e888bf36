"""Downloads from a server on this machine, good, bad and hostile."""

import contextlib
import gzip
import hashlib
import os
import stat
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from minigrad.data import datasets, download, sources
from minigrad.data.download import fetch
from minigrad.data.sources import RemoteFile
from minigrad.errors import DataError
from tests.data.copies import idx, images_and_labels

GOOD = gzip.compress(b"published" * 10_000, mtime=0)
PAGE = b"\n<!DOCTYPE html><title>Log in</title>"


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Server:
    """Answers under /NAME with what `answers[NAME]` writes to the handler, and counts the requests."""

    def __init__(self):
        self.answers = {}
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                outer.requests.append(name)
                with contextlib.suppress(ConnectionError):  # whoever asked may have left
                    outer.answers.get(name, status(404))(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def status(code):
    return lambda handler: handler.send_error(code)


def content(data, length=None, encoding=None):
    """Serve `data`, and say that it has `length` bytes, and an encoding; None says nothing of it."""

    def answer(handler):
        handler.send_response(200)
        for name, value in (("Content-Length", length), ("Content-Encoding", encoding)):
            if value is not None:
                handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def late(handler):
    time.sleep(0.5)
    content(GOOD, len(GOOD))(handler)


def stalled(handler):
    content(GOOD[:100], len(GOOD))(handler)
    time.sleep(0.5)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server()
    running.answers = {
        "good": content(GOOD, len(GOOD)),
        "unsized": content(GOOD),
        "encoded": content(GOOD, len(GOOD), "x-gzip"),
        "truncated": content(GOOD[:-10], len(GOOD)),
        "short": content(GOOD[:-10], len(GOOD) - 10),
        "page": content(PAGE, len(PAGE)),
        "broken": status(503),
        "late": late,
        "stalled": stalled,
    }
    yield running
    running.close()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "datasets" / "some"


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def remote(server, *names):
    return RemoteFile("file.gz", md5(GOOD), tuple(server.address + name for name in names))


@pytest.mark.parametrize("name", ["good", "unsized", "encoded"])
def test_a_file_is_downloaded_once(server, cache, name):
    path = fetch("some", remote(server, name))
    assert path == cache / "file.gz"
    assert path.read_bytes() == GOOD
    assert fetch("some", remote(server, name)) == fetch("some", remote(server, name), download=False) == path
    assert server.requests == [name]
    assert names_in(cache) == ["file.gz"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "the server answers 404 Client Error: Not Found"),
        ("broken", "the server answers 503 Server Error: Service Unavailable"),
        ("truncated", "no connection, or a broken one"),
        ("short", "what came has another checksum than the published one"),
        ("page", "a web page came instead of the file"),
    ],
)
def test_a_mirror_that_fails_is_named_or_followed_by_the_next(server, cache, name, reason):
    with pytest.raises(DataError, match=r"file.gz could not be downloaded.*--data-dir") as caught:
        fetch("some", remote(server, name))
    _, line = str(caught.value).splitlines()
    assert line.startswith(f"  {server.address}{name}: {reason}")
    assert names_in(cache) == []
    assert fetch("some", remote(server, name, "good")).read_bytes() == GOOD
    assert names_in(cache) == ["file.gz"]
    assert server.requests == [name, name, "good"]


@pytest.mark.parametrize("name", ["late", "stalled"])
def test_a_server_that_does_not_answer_is_left(server, monkeypatch, name):
    monkeypatch.setattr(download, "SECONDS", 0.1)
    with pytest.raises(DataError, match=r"no answer within 0.1 seconds"):
        fetch("some", remote(server, name))


def test_a_server_that_does_not_stop_is_left(server, cache, monkeypatch):
    monkeypatch.setattr(download, "MOST_BYTES", len(GOOD) - 1)
    with pytest.raises(DataError, match=f"more than {len(GOOD) - 1:,} bytes came"):
        fetch("some", remote(server, "unsized"))
    assert names_in(cache) == []


def test_without_a_network_one_error_says_what_to_do(server):
    server.close()
    with pytest.raises(DataError, match=r"some: file.gz could not be downloaded; get the files elsewhere") as caught:
        fetch("some", remote(server, "one", "two"))
    assert len(str(caught.value).splitlines()) == 3
    assert str(caught.value).count("no connection, or a broken one (ConnectionError)") == 2


def test_a_damaged_copy_in_the_cache_is_replaced(server, cache):
    cache.mkdir(parents=True)
    (cache / "file.gz").write_bytes(GOOD[:-1])
    with pytest.raises(DataError, match=r"file.gz is not there; let it be downloaded, or name a local copy with"):
        fetch("some", remote(server, "good"), download=False)
    with pytest.raises(DataError, match="could not be downloaded"):
        fetch("some", remote(server, "missing"))
    assert (cache / "file.gz").read_bytes() == GOOD[:-1]
    assert fetch("some", remote(server, "good")).read_bytes() == GOOD


def test_the_cache_is_this_users_alone(server, tmp_path):
    mask = os.umask(0)
    try:
        fetch("some", remote(server, "good"))
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_a_cache_that_cannot_be_made_is_named(server, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(DataError, match=r"datasets/some cannot be made .*--data-dir"):
        fetch("some", remote(server, "good"))
    monkeypatch.delenv("MINIGRAD_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path.relative_to("/"))
    with pytest.raises(DataError, match="no home directory"):
        fetch("some", remote(server, "good"))
    assert server.requests == []


def test_a_data_set_is_downloaded_whole_and_read(server, monkeypatch):
    images, labels = images_and_labels(5)
    parts = {"images_idx3": gzip.compress(idx(images[:, 0])), "labels_idx1": gzip.compress(idx(labels))}
    files = []
    for name, data in parts.items():
        server.answers[name] = content(data, len(data))
        files.append(RemoteFile(f"train-{name}-ubyte.gz", md5(data), (server.address + name,)))
    monkeypatch.setattr(sources, "MNIST", sources.MNIST._replace(files=tuple(files)))
    dataset = datasets.mnist()
    assert np.array_equal(dataset.arrays[0], images)
    assert np.array_equal(datasets.mnist(download=False).targets, labels)
    assert len(server.requests) == 2


def test_every_published_file_has_a_checksum_and_an_address():
    infos = [info for info in datasets.registry().values() if info.name != "digits"]
    assert [len(info.files) for info in infos] == [4, 4, 1, 1]
    files = [file for info in infos for file in info.files]
    assert len({file.md5 for file in files}) == len(files)
    for file in files:
        assert len(bytes.fromhex(file.md5)) == 16
        assert all(address.startswith("http") and address.endswith(f"/{file.name}") for address in file.addresses)
