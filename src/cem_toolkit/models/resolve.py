"""From what the user wrote as the model (hub id, folder or GGUF file) to a folder that is whole and safe to load."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

from cem_toolkit.errors import CemError
from cem_toolkit.models.fingerprint import fingerprint
from cem_toolkit.models.gguf import check_gguf, dequantize, unpacked
from cem_toolkit.parsing import parse_json
from cem_toolkit.records import Model
from cem_toolkit.storage.urls import check_url, is_url

HUB_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")
HUB_FILES = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt", "vocab.txt"]
ADAPTER = "adapter_config.json"
PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")


class NotOnDisk(CemError):  # noqa: N818 (a state more than an error)
    """The model would have to be downloaded or unpacked first."""


def check_model(name: str) -> None:
    """Raises CemError where `name` can be seen, without loading or downloading, to be no usable model."""
    path = Path(name).expanduser()
    if is_url(name):
        check_url(name)
    elif path.is_file():
        if path.suffix != ".gguf":
            raise CemError(
                f"model {name}: is a file of kind {path.suffix or 'unknown'}; give a folder, a .gguf file or a hub id"
            )
        check_gguf(path)
    elif path.is_dir():
        check_folder(path)
    elif path.suffix == ".gguf" or name.startswith(("/", ".", "~")) or not HUB_ID.fullmatch(name):
        raise CemError(f"model {name}: no such file or folder, and no hub id (organisation/name) either")


def resolve_model(name: str, cache: Path, log: Callable[[str], None], *, fetch: bool = True) -> Model:
    """The model on disk with its fingerprint; downloads or unpacks into `cache` where needed.

    Raises CemError where it cannot be had, and with `fetch=False` NotOnDisk where it is not there yet.
    """
    model = _resolve(name, cache, log, fetch)
    if not (model / ADAPTER).is_file():
        return Model(name=name, path=model, fingerprint=fingerprint(model))
    base = _resolve(_base_of(model), cache, log, fetch)
    if (base / ADAPTER).is_file():
        raise CemError(f"model {model}: is an adapter of an adapter ({base}): merge that one into its model first")
    return Model(name=name, path=base, adapter=model, fingerprint=fingerprint(base, model))


def _resolve(name: str, cache: Path, log: Callable[[str], None], fetch: bool) -> Path:
    check_model(name)
    path = Path(name).expanduser()
    if is_url(name):
        folder = _from_storage(name, cache, log, fetch)
        check_folder(folder)
    elif path.is_file():
        folder = unpacked(path, cache)
        if not (folder / "config.json").is_file():
            if not fetch:
                raise NotOnDisk(f"model {name}: is not unpacked yet")
            dequantize(path, folder, log)
    elif path.is_dir():
        folder = path
    else:
        folder = _from_hub(name, log, fetch)
        check_folder(folder)
    return folder


def check_folder(folder: Path) -> None:
    """Raises CemError where `folder` holds no model that is whole, in safetensors, with a tokenizer."""
    adapter = (folder / ADAPTER).is_file()
    if not adapter and not (folder / "config.json").is_file():
        raise CemError(f"model {folder}: is a folder without config.json, so no model as transformers writes it")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        if any(any(folder.glob(pattern)) for pattern in PICKLES):
            raise CemError(
                f"model {folder}: has its weights as a pickle only, which can run code when loaded; "
                "save it again with transformers (`model.save_pretrained`), which writes safetensors"
            )
        raise CemError(f"model {folder}: has no weights (*.safetensors)")
    if adapter and not (folder / "adapter_model.safetensors").is_file():
        raise CemError(f"model {folder}: the adapter has no adapter_model.safetensors; save it in that form")
    for path in weights:
        check_safetensors(path)
    check_settings(folder / (ADAPTER if adapter else "config.json"))
    if not adapter and not any(
        (folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")
    ):
        raise CemError(f"model {folder}: has no tokenizer (tokenizer.json); save the model's tokenizer beside it")


def check_settings(path: Path) -> None:
    """Raises CemError where a model's or adapter's configuration is no JSON object, or names code that its libraries
    would fetch or import: attention kernels from the hub (transformers), a module (PEFT's `megatron_core`)."""
    try:
        settings = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CemError(f"model file {path}: cannot be read: {error}") from None
    if not isinstance(settings, dict):
        raise CemError(f"model file {path}: holds no settings")
    for name, value in settings.items():
        fetched = name.lstrip("_").startswith(("attn_implementation", "experts_implementation")) and "/" in str(value)
        if fetched or (name == "megatron_core" and value not in (None, "megatron.core")):
            raise CemError(f"model file {path}: {name} names code to be run ({str(value)[:60]}): remove that line")


def check_safetensors(path: Path) -> None:
    """Raises CemError where the file is not as long as its header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length + 8 > size:
            raise CemError(f"model file {path}: is cut short ({size:,} bytes); fetch it again")
        try:
            header = parse_json(file.read(length))
            ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
            end = length + 8 + max(ends, default=0)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise CemError(f"model file {path}: is no safetensors file; fetch it again") from None
    if end > size:
        raise CemError(
            f"model file {path}: is cut short: its tensors end at byte {end:,}, the file at {size:,}; fetch it again"
        )


def _base_of(adapter: Path) -> str:
    try:
        base = parse_json((adapter / ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CemError(f"model {adapter}: its adapter_config.json does not name a base model ({error})") from None
    if not isinstance(base, str) or not base:
        raise CemError(f"model {adapter}: its adapter_config.json does not name a base model")
    return base


def _from_storage(name: str, cache: Path, log: Callable[[str], None], fetch: bool) -> Path:
    from cem_toolkit.models.fetch import fetch_model

    folder = fetch_model(name, HUB_FILES, cache, log, fetch)
    if folder is None:
        raise NotOnDisk(f"model {name}: is not fetched yet")
    return folder


def _from_hub(name: str, log: Callable[[str], None], fetch: bool) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise CemError(f"model {name}: fetching from the hub takes: pip install huggingface_hub") from None
    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES, local_files_only=True))
    except Exception as error:
        if not fetch:
            raise NotOnDisk(f"model {name}: is not downloaded yet") from error
    log(f"downloading {name} from the hub")
    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise CemError(
            f"model {name}: is no local file or folder and could not be fetched from the hub "
            f"({type(error).__name__}: {reason}); check the name, the network, and `hf auth login` for gated models"
        ) from None
