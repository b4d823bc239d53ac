"""What can be divided among processes, and what is refused in one line."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cem_toolkit.api import CemError, Model
from cem_trl import layout
from cem_trl.layout import ALONE, Layout, choose_layout
from cem_trl.trainer import Trl


@pytest.fixture
def chosen(context: Any, tmp_path: Path) -> Any:
    """The layout for options, with what an accelerate file says."""

    def choose(file: str = "", device: str = "cpu", **options: Any) -> Layout:
        if file:
            (tmp_path / "accelerate.yaml").write_text(file, "utf-8")
            options["accelerate"] = "accelerate.yaml"
        return choose_layout(Trl.Options(**options), context(config_folder=tmp_path), device)

    return choose


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)


def test_one_configuration_serves_a_laptop_and_a_machine_with_gpus(chosen: Any, gpus: None) -> None:
    assert chosen(processes=0, strategy="fsdp") == ALONE
    assert chosen(processes=0, strategy="fsdp", device="cuda") == Layout(processes=4, strategy="fsdp")
    assert chosen(processes=2) == Layout(processes=2, strategy="ddp")


@pytest.mark.parametrize(
    ("batch_size", "micro_batch_size", "processes", "share"),
    [(32, 8, 1, (8, 4)), (32, 8, 2, (8, 2)), (32, 8, 3, (6, 2)), (10, 4, 1, (2, 5)), (2, 8, 2, (1, 1))],
)
def test_processes_share_a_step(batch_size: int, micro_batch_size: int, processes: int, share: tuple[int, int]) -> None:
    options = Trl.Options(batch_size=batch_size, micro_batch_size=micro_batch_size)
    assert Layout(processes=processes).share(options) == share


@pytest.mark.parametrize(
    ("file", "strategy"),
    [
        ("distributed_type: MULTI_GPU\nnum_processes: 8", "ddp"),
        ("distributed_type: FSDP\nnum_processes: 8\nfsdp_config: {fsdp_version: 2}", "fsdp"),
        ("distributed_type: DEEPSPEED\nnum_processes: 8\ndeepspeed_config: {zero_stage: 3}", "zero3"),
    ],
)
def test_an_accelerate_file_says_what_is_divided(
    chosen: Any, monkeypatch: pytest.MonkeyPatch, file: str, strategy: str
) -> None:
    monkeypatch.setattr(layout.importlib.util, "find_spec", lambda name: object())
    found = chosen(file, device="cuda")
    assert (found.processes, found.strategy, found.config.name) == (8, strategy, "accelerate.yaml")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"processes": 5, "device": "cuda"}, "PyTorch sees 4 GPUs: set processes to 4, or to 0"),
        ({"processes": 2, "device": "mps"}, "set processes to 1"),
        ({"processes": 3, "batch_size": 2}, "batch_size 2 is less than a row for each of 3 processes"),
        ({"processes": 2, "launcher": "srun"}, "name the accelerate file"),
        ({"processes": 2, "strategy": "zero2"}, "strategy zero2 needs GPUs"),
        ({"processes": 2, "strategy": "zero2", "device": "cuda"}, "pip install deepspeed$"),
        ({"processes": 2, "strategy": "fsdp", "kl": 1.0}, "kl needs whole weights in every process"),
        ({"processes": 2, "strategy": "fsdp", "early_stopping": True}, "early_stopping needs whole weights"),
        ({"processes": 2, "strategy": "fsdp", "optimizer": "factored-adamw"}, "factored-adamw needs whole weights"),
        ({"accelerate": "no.yaml"}, r"the accelerate file .*no\.yaml cannot be read"),
        ({"file": "- 1"}, "is no configuration of accelerate"),
        ({"file": "a: [}"}, "cannot be read: while parsing"),
        ({"file": "distributed_type: MULTI_GPU"}, "says no num_processes"),
        ({"file": "num_processes: 2", "processes": 3}, "leave processes out"),
        ({"file": "num_processes: 2", "strategy": "fsdp"}, "leave strategy out"),
        ({"file": "num_processes: 2\nnum_machines: 2"}, "names 2 machines: say by launcher"),
        ({"file": "num_processes: 2\ndistributed_type: FSDP"}, "describes FSDP1"),
        (
            {
                "file": "num_processes: 2\ndistributed_type: FSDP\n"
                "fsdp_config: {fsdp_version: 2, fsdp_state_dict_type: SHARDED_STATE_DICT}"
            },
            "set fsdp_state_dict_type to FULL_STATE_DICT",
        ),
        ({"file": "num_processes: 2\ndistributed_type: MEGATRON_LM"}, "describes MEGATRON_LM"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(chosen: Any, gpus: None, given: dict[str, Any], said: str) -> None:
    with pytest.raises(CemError, match=said) as refused:
        chosen(**given)
    assert "\n" not in str(refused.value)


def test_what_decides_nothing_is_no_part_of_a_stage_s_key(context: Any, tiny: Model, tmp_path: Path) -> None:
    plain = Trl.Options().model_dump(mode="json")
    (tmp_path / "a.yaml").write_text("num_processes: 2\ndistributed_type: MULTI_CPU", "utf-8")
    other = Trl.Options(report_to=["wandb"], launcher="srun", accelerate="a.yaml")
    assert other.model_dump(mode="json") == plain
    ctx = context(config_folder=tmp_path)
    assert Trl().fingerprint(ctx) == ""
    assert Trl(other).fingerprint(ctx) == "2 ddp"
