"""GGUF files: whole ones pass, cut or foreign ones are one clear line. Made here by the gguf library itself."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cem_toolkit.api import CemError
from cem_toolkit.models import NotOnDisk, check_model, resolve_model
from cem_toolkit.models.gguf import check_gguf

np = pytest.importorskip("numpy")
gguf = pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "ç"])
    writer.add_array("tokenizer.ggml.scores", [0.5, 1.0, 2.0])
    writer.add_uint32("llama.block_count", 1)
    writer.add_tensor("one", np.ones((4, 32), dtype=np.float32))
    writer.add_tensor("two", np.ones((8,), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_whole_file_passes(whole: Path) -> None:
    check_gguf(whole)


def test_a_file_cut_anywhere_is_found(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    end = len(data.rstrip(b"\0"))
    cut = tmp_path / "cut.gguf"
    for length in range(0, end, 7):
        cut.write_bytes(data[:length])
        with pytest.raises(CemError, match=r"is cut short|is no GGUF file") as caught:
            check_gguf(cut)
        assert str(cut) in str(caught.value)
        assert "\n" not in str(caught.value)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 300), byte=st.integers(0, 255))
def test_a_damaged_header_never_crashes(whole: Path, tmp_path: Path, position: int, byte: int) -> None:
    data = bytearray(whole.read_bytes())
    data[position] = byte
    path = tmp_path / "damaged.gguf"
    path.write_bytes(data)
    try:
        check_gguf(path)
    except CemError as error:
        assert "\n" not in str(error)


def test_not_a_gguf_file(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"hello")
    with pytest.raises(CemError, match="is no GGUF file"):
        check_model(str(path))


def test_a_plan_does_not_unpack(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(NotOnDisk):
        resolve_model(str(whole), tmp_path, print, fetch=False)
    assert list(tmp_path.iterdir()) == []
