"""Data sets: IDX files found, refused and downloaded, from a server of the test's own; the digits; the cache."""

import gzip
import http.server
import os
import re
import socket
import struct
import threading
from contextlib import suppress

import numpy as np
import pytest
from own_images import add_dataset, copy_conf
from tiny_images import CONTENT, NOBODY, assert_content, dataset_of, idx_bytes, tiny_files

from zdl_bench.datasets import mirrors
from zdl_bench.datasets.cache import cache_folder, ensure_decoded, is_decoded, load_decoded
from zdl_bench.errors import DataError
from zdl_bench.registry import conf_files, registry


@pytest.fixture
def folder(tmp_path):
    return tiny_files(tmp_path / "served")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)


@pytest.fixture
def server(folder):
    """A mirror on the loopback; `requested` lists what was asked for, `broken` files are cut while they are sent, `refused`
    ones are forbidden. It serves files and nothing else: no HEAD.
    """

    class Handler(http.server.SimpleHTTPRequestHandler):
        requested: list[str] = []
        broken: set[str] = set()
        refused: set[str] = set()

        def do_HEAD(self):
            self.send_error(405)

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def do_GET(self):
            name = self.path.lstrip("/")
            self.requested.append(name)
            if name in self.refused:
                self.send_error(403)
                return
            if name in self.broken:
                content = (folder / name).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return
            super().do_GET()

        def log_message(self, *arguments):
            pass

    Handler.requested, Handler.broken, Handler.refused = [], set(), set()
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, args=(0.01,))
    thread.start()
    Handler.url = f"http://127.0.0.1:{served.server_port}/"
    yield Handler
    served.shutdown()
    served.server_close()
    thread.join()


def test_files_of_dir_are_decoded_and_mapped(folder):
    dataset = dataset_of(folder, dir=str(folder))
    ensure_decoded(dataset)
    arrays = load_decoded(dataset)
    assert_content(arrays)
    assert all(isinstance(array, np.memmap) for array in arrays)
    assert all(not array.flags.writeable for array in arrays)


def test_dir_is_the_only_place_searched(folder, server, tmp_path):
    os.environ["ZDL_BENCH_DATA"] = str(folder)
    dataset = dataset_of(folder, mirrors=[server.url], dir=str(tmp_path))
    with pytest.raises(DataError, match=r"dataset\.dir=.*there is no train_images\.gz"):
        ensure_decoded(dataset)
    assert server.requested == []


@pytest.mark.parametrize("subfolder", [False, True])
def test_the_folders_of_the_variable_are_searched(folder, tmp_path, monkeypatch, subfolder):
    if subfolder:
        folder.rename(tmp_path / "tiny")
    monkeypatch.setenv("ZDL_BENCH_DATA", os.pathsep.join(["/nowhere", str(tmp_path if subfolder else folder)]))
    place = tmp_path / "tiny" if subfolder else folder
    assert_content(dataset_of(place).decode())


def test_a_folder_of_another_data_set_is_passed_over(folder, tmp_path, monkeypatch):
    """MNIST's relatives have files of the same names and shapes."""
    other = tmp_path / "other"
    other.mkdir()
    for part, array in CONTENT._asdict().items():
        (other / f"{part}.gz").write_bytes(gzip.compress(idx_bytes(array ^ 1)))
    monkeypatch.setenv("ZDL_BENCH_DATA", os.pathsep.join([str(other), str(folder)]))
    assert_content(dataset_of(folder).decode())
    monkeypatch.setenv("ZDL_BENCH_DATA", str(other))
    with pytest.raises(DataError, match=r"other was passed over: train_images\.gz in this folder does not belong to tiny"):
        dataset_of(folder, mirrors=[NOBODY]).decode()


def test_other_compression_of_the_same_content_is_fine(folder):
    dataset = dataset_of(folder, dir=str(folder))
    path = folder / "train_images.gz"
    path.write_bytes(gzip.compress(idx_bytes(CONTENT.train_images), compresslevel=1, mtime=7))
    assert_content(dataset.decode())


def test_without_a_published_content_hash_the_file_is_checked_as_served(folder):
    dataset = dataset_of(folder, dir=str(folder), with_content=False)
    assert_content(dataset.decode())
    (folder / "train_images.gz").write_bytes(gzip.compress(idx_bytes(CONTENT.train_images), compresslevel=1, mtime=7))
    with pytest.raises(DataError, match="wrong checksum"):
        dataset.decode()


def damage_cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def damage_no_gzip(path):
    path.write_bytes(b"<html>404</html>")


def damage_value(path):
    changed = CONTENT.train_images.copy()
    changed[0, 0, 0] ^= 1
    path.write_bytes(gzip.compress(idx_bytes(changed)))


def damage_header(path):
    path.write_bytes(gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31) + CONTENT.train_images.tobytes()))


def damage_short(path):
    path.write_bytes(gzip.compress(idx_bytes(CONTENT.train_images)[:-5]))


def damage_bomb(path):
    path.write_bytes(gzip.compress(idx_bytes(CONTENT.train_images) + bytes(200_000_000), compresslevel=9))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_cut, "is truncated"),
        (damage_no_gzip, "is not a valid gzip file"),
        (damage_value, "has the wrong checksum"),
        (damage_header, "is not the expected IDX file"),
        (damage_short, "is truncated: 491 of 496 bytes"),
        (damage_bomb, "is not the expected IDX file"),
    ],
)
def test_a_bad_file_is_named(folder, damage, message):
    dataset = dataset_of(folder, dir=str(folder))
    damage(folder / "train_images.gz")
    with pytest.raises(DataError, match=f"train_images.gz {message}.*replace the file") as caught:
        ensure_decoded(dataset)
    assert len(str(caught.value).splitlines()) == 1
    assert not is_decoded(dataset)


def test_a_download_is_checked_and_kept(folder, server):
    dataset = dataset_of(folder, mirrors=[NOBODY, server.url])
    ensure_decoded(dataset)
    assert_content(load_decoded(dataset))
    files = [file.file for file in dataset.files.values()]
    assert server.requested == [files[0], *files], "asked for the first one, then downloaded all"
    (cache_folder() / "decoded").rename(cache_folder() / "gone")
    ensure_decoded(dataset)
    assert len(server.requested) == 5, "the files were downloaded once"


def test_a_mirror_with_other_content_is_passed_over(folder, server):
    dataset = dataset_of(folder, mirrors=[server.url])
    damage_value(folder / "train_images.gz")
    with pytest.raises(DataError, match=r"wrong checksum(.|\n)*use dataset=digits"):
        ensure_decoded(dataset)
    assert not list((cache_folder() / "tiny").glob("*")), "nothing half or wrong is left"


def test_a_download_that_breaks_off_leaves_nothing(folder, server):
    dataset = dataset_of(folder, mirrors=[server.url])
    server.broken.add("train_labels.gz")
    with pytest.raises(DataError, match=r"train_labels\.gz cannot be downloaded"):
        ensure_decoded(dataset)
    assert [path.name for path in (cache_folder() / "tiny").iterdir()] == ["train_images.gz"]
    server.broken.clear()
    ensure_decoded(dataset)
    assert_content(load_decoded(dataset))


@pytest.mark.parametrize("name", ["file", "x" * 300])
def test_a_download_that_cannot_be_kept(folder, server, tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
    with pytest.raises(DataError, match=r"cannot be written \((Not a directory|File name too long)\).*XDG_CACHE_HOME"):
        dataset_of(folder, mirrors=[server.url]).decode()


def test_no_mirror_to_be_reached(folder):
    with pytest.raises(DataError, match=r"none of the mirrors can be reached(.|\n)*ZDL_BENCH_DATA") as caught:
        ensure_decoded(dataset_of(folder, mirrors=[NOBODY]))
    assert len(str(caught.value).splitlines()) == 2


def test_a_mirror_without_a_slash_at_its_end(folder, server):
    assert_content(dataset_of(folder, mirrors=[server.url.rstrip("/")]).decode())


def test_only_the_head_of_an_answer_is_taken_to_see_who_serves_a_file(folder):
    """A mirror whose file does not end is no worse than another; nothing of it is kept."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
                while True:
                    connection.sendall(bytes(100_000))

        serving = threading.Thread(target=serve)
        serving.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert mirrors.nearest_mirror([url], "train_images.gz") == url
        serving.join()


def test_a_mirror_that_is_silent(folder):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(DataError, match=rf"can be reached \({url}: no answer in 0\.3 s\)"):
            mirrors.nearest_mirror([url], "train_images.gz", seconds=0.3)


def test_a_mirror_that_refuses_tells_its_status(folder, server):
    server.refused.add("train_images.gz")
    with pytest.raises(DataError) as caught:
        dataset_of(folder, mirrors=[NOBODY, server.url]).decode()
    text = str(caught.value)
    assert "none of the mirrors serves train_images.gz" in text
    assert f"{server.url}: 403 Forbidden" in text
    assert f"{NOBODY}: ConnectionError: Connection refused" in text


def test_a_mirror_that_refuses_one_file_tells_its_status(folder, server):
    server.refused.add("test_labels.gz")
    with pytest.raises(DataError, match=r"test_labels\.gz cannot be downloaded \(http://127.0.0.1:\d+/: 403 Forbidden\)"):
        dataset_of(folder, mirrors=[server.url]).decode()


def test_without_certificates_a_mirror_by_tls_is_told_apart(folder, server, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with pytest.raises(DataError, match=r"Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere"):
        dataset_of(folder, mirrors=["https://127.0.0.1:9/"]).decode()
    assert_content(dataset_of(folder, mirrors=["https://127.0.0.1:9/", server.url]).decode())


@pytest.mark.parametrize("proxy", ["http://me:secret@127.0.0.1:9", "abc::::", "http://me:secret@["])
def test_a_proxy_that_is_wrong(folder, server, monkeypatch, proxy):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(
        DataError, match=r"can be reached \(http://127.0.0.1:\d+/: (ProxyError: Connection refused|Invalid)"
    ) as caught:
        dataset_of(folder, mirrors=[server.url]).decode()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("mirror", ["http://[", "http://a b/", "http://127.0.0.1:99999/", "http://" + "a" * 300])
def test_a_mirror_that_is_no_address(folder, mirror):
    with pytest.raises(DataError, match=r"none of the mirrors can be reached(.|\n)*use dataset=digits"):
        dataset_of(folder, mirrors=[mirror]).decode()


OF_THE_WRONG_TYPE = {
    "dataset.dir=[/a,/b]": "dataset.dir=[/a,/b]: there is no such folder",
    "dataset.dir={a:1}": "dataset.dir={a:1}: there is no such folder",
    "dataset.dir=true": "dataset.dir=true: there is no such folder",
    "dataset.dir=": "dataset.dir=: this is not a path; give the path of a folder",
    "dataset.mirrors=null": "dataset.mirrors=None: this is not a list of addresses",
    "dataset.mirrors=http://127.0.0.1:9/": "dataset.mirrors=http://127.0.0.1:9/: this is not a list of addresses",
    "dataset.mirrors=[3]": "dataset.mirrors=[3]: this is not a list of addresses",
    "dataset.mirrors=[file:///etc/]": "dataset.mirrors=['file:///etc/']: this is not a list of addresses",
    "dataset.mirrors={a:1}": "dataset.mirrors={a:1}: Cannot merge",
    "dataset.mirrors=[[http://127.0.0.1:9/]]": "this is not a list of addresses",
    "dataset.validation_size=null": "dataset.validation_size=None: mnist has 60000 training images",
    "dataset.validation_size=[1]": "dataset.validation_size=[1]: mnist has 60000 training images",
    "dataset.validation_size=1.5": "dataset.validation_size=1.5: mnist has 60000 training images",
}


@pytest.mark.slow
@pytest.mark.parametrize("argument", OF_THE_WRONG_TYPE)
def test_a_value_of_the_wrong_type(command, tmp_path, argument):
    outcome = command("dataset=mnist", argument, "executor=serial", "steps=2")
    assert outcome.status == 2
    assert OF_THE_WRONG_TYPE[argument] in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["mnist", "auto"])
@pytest.mark.parametrize("value", ["2024", "'2024'", "./2024"])
def test_a_folder_with_the_name_of_a_number(command, dataset, value):
    """As a number or as a text, it is no traceback."""
    outcome = command(f"dataset={dataset}", f"dataset.dir={value}", "executor=serial", "steps=2")
    assert outcome.status == 2
    assert re.match(
        r"error: dataset\.dir=(\./)?2024: (there is no such folder|this is not a path; give the path of a folder)", outcome.err
    )


def test_a_damaged_cache_is_made_anew(folder):
    dataset = dataset_of(folder, dir=str(folder))
    ensure_decoded(dataset)
    array = next((cache_folder() / "decoded").glob("*/train_images.npy"))
    content = bytearray(array.read_bytes())
    content[-1] ^= 1
    array.write_bytes(content)
    ensure_decoded(dataset)
    assert_content(load_decoded(dataset))


def test_a_label_beyond_the_classes_ends_a_sweep_before_it_begins(command, tmp_path, monkeypatch):
    conf = copy_conf(tmp_path / "checkout")
    add_dataset(conf, "numbered", CONTENT.train_images, np.arange(30, dtype=np.uint8) % 10 + 1)  # numbered from 1
    monkeypatch.setattr(conf_files, "CONF", conf)
    outcome = command("dataset=numbered", "problem.batch_size=2", "problem.hidden=[3]", "probe.images=2", "steps=2")
    assert outcome.status == 2
    assert "dataset=numbered: a label is 10, but labels must be from 0 to 9" in outcome.err
    assert not list((tmp_path / "results").rglob("*.parquet")), "nothing was trained"


def test_the_digits():
    dataset = registry.dataset("digits")
    ensure_decoded(dataset)
    arrays = load_decoded(dataset)
    assert arrays.train_images.shape == (1500, 64)
    assert arrays.test_images.shape == (297, 64)
    assert arrays.train_images.max() == 255
    assert sorted(set(arrays.test_labels.tolist())) == list(range(10))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_yamls_of_idx_data_sets_are_complete(name):
    dataset = registry.dataset(name)
    assert dataset.train_size == 60000
    assert len(dataset.checksum) == 64
    assert len(dataset.mirrors) >= 1
    assert all(len(file.served) == 64 for file in dataset.files.values())
