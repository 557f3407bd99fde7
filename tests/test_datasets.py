"""Data sets: IDX files found, refused and downloaded, from a server of the test's own; the digits; the cache."""

import gzip
import http.server
import os
import struct
import threading

import numpy as np
import pytest
from own_images import add_dataset, copy_conf
from tiny_images import CONTENT, NOBODY, assert_content, dataset_of, idx_bytes, tiny_files

from zdl_bench import registry
from zdl_bench.datasets.contract import cache_folder, ensure_decoded, is_decoded, load_decoded
from zdl_bench.errors import DataError


@pytest.fixture
def folder(tmp_path):
    return tiny_files(tmp_path / "served")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)


@pytest.fixture
def server(folder):
    """A mirror on the loopback; `requested` lists what was asked for, `broken` files are cut while they are sent."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        requested: list[str] = []
        broken: set[str] = set()

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def do_GET(self):
            name = self.path.lstrip("/")
            self.requested.append(name)
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

    Handler.requested, Handler.broken = [], set()
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever)
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
    with pytest.raises(DataError, match=r"other was passed over: its files are not tiny \(train_images\.gz\)"):
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
        (damage_no_gzip, "is no sound gzip file"),
        (damage_value, "has the wrong checksum"),
        (damage_header, "is not the IDX file"),
        (damage_short, "is truncated: 491 of 496 bytes"),
        (damage_bomb, "is not the IDX file"),
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


def test_no_mirror_to_be_reached(folder):
    with pytest.raises(DataError, match=r"none of its mirrors can be reached(.|\n)*ZDL_BENCH_DATA") as caught:
        ensure_decoded(dataset_of(folder, mirrors=[NOBODY]))
    assert len(str(caught.value).splitlines()) == 2


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
    add_dataset(conf, "letters", CONTENT.train_images, np.arange(30, dtype=np.uint8) % 10 + 1)  # numbered from 1
    monkeypatch.setattr(registry, "CONF", conf)
    outcome = command("dataset=letters", "problem.batch_size=2", "problem.hidden=[3]", "probe.images=2", "steps=2")
    assert outcome.status == 2
    assert "dataset=letters: a label is 10, and labels go from 0 to 9" in outcome.err
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
