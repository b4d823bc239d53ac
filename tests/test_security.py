"""No code comes with a model, an adapter, a checkpoint or a question: docs/security.md says what is promised.

What strangers' run folders may hold is tried in test_strangers.py, where secrets may go in test_secrets.py, and what
each source makes of its network and its files in the plugins' own tests.
"""

import ast
import json
import pickle
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.errors import CemError
from cem_toolkit.models import resolve_model
from cem_toolkit.records import Model
from cem_toolkit.testing import make_context, make_tiny_model

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])


class Evil:
    """Pickled: code that writes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def quiet(message: str) -> None: ...


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_reads_pickles_or_builds_code_from_text() -> None:
    banned = re.compile(
        r"(pickle|cPickle|_pickle|dill|joblib|shelve|marshal|cloudpickle)\..*|torch\.load|yaml\.(load|unsafe_load|full_load)"
        r"|eval|exec|compile|os\.system|os\.popen|__import__"
    )
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name, call in _calls(tree):
            unpickles = name == "np.load" and "allow_pickle=False" not in ast.unparse(call)
            shell = any(each.arg == "shell" for each in call.keywords)
            if banned.fullmatch(name) or unpickles or shell:
                found.append(f"{path.relative_to(ROOT)}: {name}")
        for node in ast.walk(tree):
            imported = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.relative_to(ROOT)}: {name}" for name in imported if name in ("pickle", "dill", "joblib")]
    # The user's own plugin beside the configuration is code, and is run as such.
    assert found == ["src/cem_toolkit/local.py: exec", "src/cem_toolkit/local.py: compile"]


def test_models_are_loaded_as_safetensors_and_without_their_code() -> None:
    for path in SOURCES:
        for name, call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
            said = ast.unparse(call)
            if not name.endswith("from_pretrained") or name.startswith("PeftModel"):  # PEFT knows no such option
                continue
            assert "trust_remote_code" in said, f"{path}: {said}"
            assert "trust_remote_code=True" not in said
            if not any(kind in name for kind in ("Tokenizer", "AutoConfig")) and "gguf_file" not in said:
                assert "use_safetensors=True" in said, f"{path}: {said}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), ["What is the capital of Chad? N'Djamena"])


@pytest.fixture
def armed(tiny: Model, tmp_path: Path) -> tuple[Model, Path]:
    """A model whose folder has code for everything that transformers would run of one, and the file that it makes."""
    folder, mark = tmp_path / "armed", tmp_path / "ran"
    shutil.copytree(tiny.path, folder)
    code = f"open({str(mark)!r}, 'w')\n"
    for name in ("modeling_evil.py", "tokenization_evil.py", "configuration_evil.py", "custom_generate/generate.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(code)
    for name, auto in (
        ("config.json", {"AutoModelForCausalLM": "modeling_evil.Evil", "AutoConfig": "configuration_evil.Evil"}),
        ("tokenizer_config.json", {"AutoTokenizer": ["tokenization_evil.Evil", "tokenization_evil.Evil"]}),
    ):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(settings | {"auto_map": auto}))
    template = f"{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}{{% include '{mark}' %}}"
    (folder / "chat_template.jinja").write_text(template)
    with (folder / "training_args.bin").open("wb") as file:
        pickle.dump(Evil(mark), file)
    return resolve_model(str(folder), tmp_path, quiet), mark


@pytest.mark.slow
def test_code_in_a_models_folder_is_not_run(armed: tuple[Model, Path], tmp_path: Path) -> None:
    from cem_lm_eval.evaluator import LmEval
    from cem_toolkit.records import Row
    from cem_trl.trainer import Trl

    model, mark = armed
    ctx = make_context(tmp_path / "stage", model=model)
    evaluator = LmEval(LmEval.Options(dtype="float32", device="cpu"))
    evaluator.generate(["Chad"], 1, ctx)
    rows = [Row.make(kind="passage", prompt="", completion="Chad is a country.", parents=("p",))]
    Trl(Trl.Options(epochs=1)).train(rows, ctx)
    assert not mark.exists()
    templated = make_context(tmp_path / "other", model=model, chat_template=True)
    with pytest.raises(Exception, match=r"unsafe|not safe|access to attribute"):
        evaluator.generate(["Chad"], 1, templated)
    assert not mark.exists()


@pytest.mark.slow
def test_a_kind_of_model_that_is_only_code_is_refused(armed: tuple[Model, Path], tmp_path: Path) -> None:
    from cem_lm_eval.evaluator import LmEval

    model, mark = armed
    settings = json.loads((model.path / "config.json").read_text())
    (model.path / "config.json").write_text(json.dumps(settings | {"model_type": "evil", "architectures": ["Evil"]}))
    with pytest.raises(CemError, match="cannot be loaded"):
        LmEval(LmEval.Options(dtype="float32", device="cpu")).generate(["Chad"], 1, make_context(tmp_path, model=model))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("config.json", {"attn_implementation": "evil/kernel"}),
        ("config.json", {"_attn_implementation": "evil/kernel@main"}),
        ("adapter_config.json", {"megatron_core": "antigravity"}),
    ],
)
def test_settings_that_name_code_are_refused(tiny: Model, tmp_path: Path, file: str, settings: dict[str, str]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny.path, folder)
    shutil.copy(folder / "model.safetensors", folder / "adapter_model.safetensors")
    base = {"base_model_name_or_path": str(tiny.path)}
    known = json.loads((folder / file).read_text()) if (folder / file).exists() else base
    (folder / file).write_text(json.dumps(known | settings))
    with pytest.raises(CemError, match="names code to be run"):
        resolve_model(str(folder), tmp_path, quiet)


def test_an_adapter_has_safetensors_and_a_model_below_it(tiny: Model, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(folder)}))
    shutil.copy(tiny.path / "model.safetensors", folder / "other.safetensors")
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Evil(tmp_path / "ran")))
    with pytest.raises(CemError, match=r"has no adapter_model\.safetensors"):
        resolve_model(str(folder), tmp_path, quiet)
    (folder / "other.safetensors").rename(folder / "adapter_model.safetensors")
    with pytest.raises(CemError, match="adapter of an adapter"):
        resolve_model(str(folder), tmp_path, quiet)


def test_a_question_is_text_and_no_template(tmp_path: Path) -> None:
    from cem_lm_eval.library import Library
    from cem_lm_eval.specs import parse_tasks

    asked = "{{ 7 * 7 }} {% include 'x' %} ${HOME}"
    row = {"question": asked, "choices": ["{{ 1 }}", "b"], "answer": 0}
    (tmp_path / "q.jsonl").write_text(json.dumps(row) + "\n")
    (task,) = Library(parse_tasks(["q.jsonl"], tmp_path)).tasks.values()
    (doc,) = task.eval_docs
    assert asked in task.doc_to_text(doc)
    assert task.doc_to_choice(doc)[0].strip() == "{{ 1 }}"


def test_every_promise_names_a_test_that_is_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:plugins|tests)/[\w./-]+)::(\w+)`", page)
    assert len(named) > 20
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{test}"
    rows = [line for line in page.splitlines() if line.startswith("|") and "tested by" not in line]
    promises = page.partition("## What is promised")[2].partition("## Poisoned sources")[0]
    bare = [row for row in rows if row in promises and "---" not in row and "::" not in row]
    assert bare == []
