import platform
from pathlib import Path

from cem_toolkit.machine import processor


def test_the_processor_is_named_as_the_system_names_it(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2.5 GHz: fast\nprocessor\t: 1\nmodel name\t: Other\n")
    assert processor(cpuinfo) == "Some CPU @ 2.5 GHz: fast"


def test_without_a_name_the_kind_is_told(tmp_path: Path) -> None:
    kind = platform.processor() or platform.machine()
    assert processor(tmp_path / "none") == kind
    (tmp_path / "arm").write_text("processor\t: 0\nBogoMIPS\t: 50.00\n")
    assert processor(tmp_path / "arm") == kind
