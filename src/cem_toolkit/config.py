"""A run's configuration: what the user wrote, laid over a preset, checked whole, with every error at once."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from cem_toolkit.errors import CemError, ConfigError
from cem_toolkit.leaks.encoder import ENCODER_THRESHOLD
from cem_toolkit.leaks.guard import THRESHOLD
from cem_toolkit.parsing import DEEPEST, parse_yaml
from cem_toolkit.plain import brief
from cem_toolkit.plugins import Plugins, choose
from cem_toolkit.roles import Component, Evaluator, Miner, Mixer, Options, Preset, Rewriter, Source, Trainer
from cem_toolkit.secrets import filled, secrets_in
from cem_toolkit.storage.urls import CACHE, check_url, copy_of, hidden, is_url

Section = dict[str, Any]
ArmName = Literal["random", "instructions", "passages", "review"]
DEFAULT_PRESET = "embedded"


class SplitConfig(Options):
    """How questions are put apart before anything looks at them."""

    held_out_groups: float = Field(0.25, ge=0, lt=1, description="Share of the groups that is held out whole.")
    siblings: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="Share of the questions held out of the other groups, whose other questions are mined.",
    )
    selection: float = Field(
        0.15,
        ge=0,
        lt=1,
        description="Share of what could be mined that is kept for the gate, which accepts rounds by it.",
    )
    stopping: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of what could be mined by which a trainer may choose when to stop; nothing is reported "
        "about these questions. 0: none.",
    )

    @model_validator(mode="after")
    def _leaves_some(self) -> Self:
        if self.selection + self.stopping >= 1:
            raise ValueError("selection and stopping together leave nothing to be mined: lower one of them")
        return self


class LeaksConfig(Options):
    """What counts as a question that is asked in other words and answered: such text is dropped."""

    threshold: float = Field(
        THRESHOLD, gt=0, le=1, description="From this likeness of the words on, a text is taken to ask a question."
    )
    encoder: str = Field(
        "",
        description="Also ask this sentence encoder: a hub id (sentence-transformers/all-MiniLM-L6-v2) or a folder.",
    )
    encoder_threshold: float = Field(
        ENCODER_THRESHOLD, gt=0, le=1, description="From this cosine on, two texts ask the same; the encoder's own."
    )


class GateConfig(Options):
    """The limits within which a round's model is accepted; the next round starts from the last accepted one."""

    enabled: bool = Field(True, description="Off: every round is accepted, and the limits are only reported.")
    break_rate: float = Field(
        0.25, ge=0, le=1, description="Most of the selection questions that were right before the round and may break."
    )
    general_loss: float = Field(
        0.05, ge=0, le=1, description="Most of the general questions that may be lost, net, since the starting model."
    )
    perplexity: float = Field(
        0.25,
        ge=0,
        description="By how much perplexity on neutral text may grow since the starting model; 0.25: by 25 %.",
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="Significance of a loss on selection or general questions that rejects a round."
    )
    gain: bool = Field(
        False, description="Accept a round only where it is significantly better on the selection questions."
    )


class RetestConfig(Options):
    """Which questions are asked again after a round; less than all of them saves time, and gives estimates."""

    rest: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the questions that a round's training could not have touched that is asked after it; "
        "those it could, selection questions and general tasks are always asked.",
    )
    last: float = Field(1.0, gt=0, le=1, description="The same after the last round.")


class PiecesConfig(Options):
    """How what was found is cut into the pieces that are read and learnt."""

    sentences: int = Field(1, ge=0, description="Sentences of a piece. 0: passages stay as they were found.")
    per_mistake: int = Field(
        4, ge=1, description="Pieces kept for each mistake: those whose words are nearest to its question and choices."
    )
    contradictions: Literal["off", "tell", "drop"] = Field(
        "tell",
        description="Pieces of two sources that say different things of what is asked: 'tell' counts them, 'drop' also "
        "leaves them out for that mistake, both sides where no majority of sources agrees.",
    )


class OpenBookConfig(Options):
    """The open-book test: does a passage, put before the question, make the model answer rightly?"""

    passages: int = Field(
        3, ge=0, description="So many passages of each mistake are tried, the best first; 0: no test."
    )
    control: bool = Field(True, description="Also try a passage that was found for another mistake.")
    mistakes: int | None = Field(
        1000, ge=1, description="At most so many mistakes are tested, drawn by the seed; none: all."
    )
    characters: int = Field(600, ge=80, description="So much of a passage is shown: the part nearest to the question.")


class RayConfig(Options):
    """Where and how `executor: ray` works."""

    address: str = Field(
        "", description="An existing cluster: `auto` on one of its machines. Nothing: Ray starts on this machine."
    )
    cpus: float = Field(1, gt=0, description="Processors that Ray counts for each task.")
    gpus: float | None = Field(
        None, ge=0, description="GPUs that each task gets; none: one where Ray knows of any, else 0."
    )
    retries: int = Field(3, ge=0, description="So often a task is begun again whose process or machine was lost.")


class Config(Options):
    """The whole configuration. Sections hold the options of the component chosen for that role."""

    model: str = Field(
        min_length=1,
        description="A hub id, a local folder, a GGUF file, or a folder's address on storage: s3://bucket/model.",
    )
    tasks: list[str] = Field(
        min_length=1, description="What to learn from: harness tasks, folders with task YAMLs, or question files."
    )
    general: list[str] = Field([], description="Tasks that are only watched, for forgetting.")
    plugins: list[str] = Field(["wiki", "trl"], description="Components by name: knowledge sources, and a trainer.")
    rounds: Annotated[int, Field(ge=1)] = Field(1, description="How many times to go round the loop.")
    seed: int = Field(0, ge=0, lt=2**32, description="All randomness comes from it.")
    out: Path = Field(
        Path("runs"), description="The folder that holds the runs, or the address of one on storage: s3://bucket/runs."
    )
    mirror: str = Field(
        "",
        description="The address to which all that is finished is copied. Where `out` is an address, that one; the "
        "local copy then lies below `cache`.",
    )
    cache: Path = Field(CACHE, description="Downloads, indexes and unpacked models; may be deleted at any time.")
    indexes: str = Field(
        "",
        description="An address (s3://bucket/indexes) where indexes are shared: one that is there is fetched, and what "
        "is built here is copied there.",
    )
    chat_template: bool = Field(False, description="Put prompts through the chat template, in evaluation and training.")
    split: SplitConfig = Field(SplitConfig(), description="How questions are put apart.")
    leaks: LeaksConfig = Field(LeaksConfig(), description="When a text is taken to give a question away.")
    arms: list[ArmName] = Field(
        [], description="Control arms, trained beside every round: random, instructions, passages, review."
    )
    seeds: int = Field(
        1, ge=1, description="Train every round with so many seeds; all but the first only measure how much is noise."
    )
    executor: Literal["local", "ray"] = Field(
        "local",
        description="Who trains a round and its control arms: this process, one after the other, or Ray, side by side. "
        "Results are the same.",
    )
    ray: RayConfig = Field(RayConfig(), description="Where and how `executor: ray` works.")
    gate: GateConfig = Field(GateConfig(), description="The limits within which a round is accepted.")
    retest: RetestConfig = Field(
        RetestConfig(),
        description="Share of the questions that training could not have touched that is asked again after a round, "
        "and after the last one; all others always are. Below 1 saves time and gives estimates.",
    )
    pieces: PiecesConfig = Field(PiecesConfig(), description="How what was found is cut into sentences.")
    open_book: OpenBookConfig = Field(OpenBookConfig(), description="The test of what retrieval alone would fix.")
    neutral: Path | None = Field(
        None,
        description="A text file, paragraphs parted by empty lines, to take perplexity on instead of the one within.",
    )
    probes: bool = Field(
        True,
        description="Whether each model is also asked 80 short items, which say whether it still follows instructions "
        "and still prefers what is harmless.",
    )
    evaluator: Section = Field({}, description="Options of the evaluator.")
    miner: Section = Field({}, description="Options of the mistake miner.")
    sources: dict[str, Section | None] = Field({}, description="Options of the knowledge sources, by name.")
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="How much each source counts beside the others, by name; 1 where nothing is said. One of weight 2 "
        "has two turns where another has one.",
    )
    rewriters: dict[str, Section | None] = Field({}, description="Options of the rewriters, by name.")
    mixer: Section = Field({}, description="Options of the data mixer.")
    trainer: Section = Field({}, description="Options of the trainer.")

    @model_validator(mode="before")
    @classmethod
    def _out_on_storage(cls, values: Any) -> Any:
        """`out: s3://…` is short for that mirror, and a folder for it below the cache."""
        if not isinstance(values, Mapping) or not is_url(values.get("out")):
            return values
        if values.get("mirror") not in (None, "", values["out"]):
            raise ValueError("mirror: is not the address that `out` is; give one of them, or a folder as `out`")
        cache = Path(str(values.get("cache") or CACHE))
        return {**values, "out": copy_of(values["out"], cache), "mirror": values.get("mirror") or values["out"]}

    @field_validator("mirror", "indexes")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if url:
            try:
                check_url(url)
            except CemError as error:
                raise ValueError(str(error)) from None
        return url.rstrip("/")

    def recorded(self) -> dict[str, Any]:
        """JSON-safe, as a run's folder keeps it: a folder below this machine's cache is no place for another's."""
        values = self.model_dump(mode="json")
        return (
            {**values, "out": self.mirror} if self.mirror and self.out == copy_of(self.mirror, self.cache) else values
        )


@dataclass(frozen=True)
class Crew:
    """The components of one run, made with their options."""

    evaluator: Evaluator
    miner: Miner
    sources: tuple[Source, ...]
    rewriters: tuple[Rewriter, ...]
    mixer: Mixer
    trainer: Trainer

    def all(self) -> tuple[tuple[str, Component], ...]:
        """Every component with its place in the configuration."""
        sources = tuple((f"sources.{source.name}", source) for source in self.sources)
        rewriters = tuple((f"rewriters.{rewriter.name}", rewriter) for rewriter in self.rewriters)
        return (
            ("evaluator", self.evaluator),
            ("miner", self.miner),
            *sources,
            *rewriters,
            ("mixer", self.mixer),
            ("trainer", self.trainer),
        )


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises CemError that names the file, and the line where the syntax is wrong."""
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CemError(f"{path}: no such file; `cem-toolkit init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CemError(f"{path}: cannot be read: {error}") from None
    except ValueError as error:
        line, colon, said = str(error).partition(": ")
        where, said = (f"{path}:{line}", said) if colon and line.isdecimal() else (str(path), str(error))
        raise CemError(f"{where}: is not YAML: {said}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise CemError(f"{path}: should hold `name: value` lines, and holds {type(values).__name__}")
    return values


def set_value(values: dict[str, Any], assignment: str) -> None:
    """Applies `section.name=value`, the value read as YAML, to nested mappings. Raises CemError where it is not of that
    form."""
    path, equals, text = assignment.partition("=")
    if not equals or not path.strip():
        raise CemError(f"--set {brief(assignment)}: should be NAME=VALUE, such as trainer.epochs=3")
    try:
        value = parse_yaml(text)
    except ValueError:
        value = text
    *parents, last = path.strip().split(".")
    if len(parents) > DEEPEST:
        raise CemError(f"--set {brief(assignment)}: no section lies that deep")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise CemError(f"--set {brief(assignment)}: {brief(parent)} is not a section")
        values = inner
    values[last] = value


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`: sections merge, anything else is replaced."""
    merged = dict(below)
    for name, value in above.items():
        inner = merged.get(name)
        merged[name] = merge(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def with_preset(values: Mapping[str, Any], plugins: Plugins, say: Callable[[str], None]) -> dict[str, Any]:
    """Fills what `values` leaves open from the preset that they name, or from the embedded one where model or tasks are
    missing. `say` is told which."""
    given = {key: value for key, value in values.items() if value is not None}
    name = given.pop("preset", None)
    if name is None and (given.keys() >= {"model", "tasks"} or DEFAULT_PRESET not in plugins.names("preset")):
        return given  # what is still missing is reported with all else that is wrong
    preset = cast(type[Preset], plugins.get("preset", str(name or DEFAULT_PRESET)))()
    say(f"preset {preset.name}: {preset.summary}")
    cache = Path(str(given.get("cache") or Config.model_fields["cache"].default)).expanduser()
    return merge(preset.values(cache), given)


def resolve(values: Mapping[str, Any], plugins: Plugins, where: str) -> tuple[Config, Crew]:
    """Checks everything and makes the components. `where` names the origin of the values in messages.

    Raises ConfigError with all problems, a line each.
    """
    problems: list[str] = []
    config: Config | None = None
    values = {name: value for name, value in values.items() if value is not None}  # a section that is left empty
    problems += [f"{where}: {line}" for line in secrets_in(values, "")]
    if problems:  # alone: what else is wrong would be told with the values that are
        raise ConfigError(problems)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        problems += option_problems(error, Config, where)
    names = config.plugins if config else _strings(values.get("plugins", Config.model_fields["plugins"].default))
    choice, wrong = choose(plugins, names)
    problems += [f"{where}: plugins: {line}" for line in wrong]
    if choice is None:
        raise ConfigError(problems)

    def make(cls: type[Component], section: Any, place: str) -> Any:
        try:
            return cls(cls.Options.model_validate(filled(section) if isinstance(section, dict) else {}))
        except KeyError as error:
            problems.append(f"{where}: {place}: ${{{error.args[0]}}} is no environment variable that is set: set it")
        except ValidationError as error:
            problems.extend(option_problems(error, cls.Options, where, place))
        return None

    def make_all(place: str, classes: Sequence[type[Component]]) -> tuple[Any, ...]:
        given = values.get(place)
        sections = given if isinstance(given, dict) else {}
        used = [cls.name for cls in classes]
        for name in sorted(set(sections) - set(used)):
            problems.append(
                f"{where}: {place}.{name}: is not among the chosen plugins ({', '.join(used)}); "
                "add it or remove its options"
            )
        return tuple(make(cls, sections.get(cls.name), f"{place}.{cls.name}") for cls in classes)

    made = {
        role: make(getattr(choice, role), values.get(role), role) for role in ("evaluator", "miner", "mixer", "trainer")
    }
    for name in sorted(set(config.weights if config else ()) - {source.name for source in choice.sources}):
        problems.append(f"{where}: weights.{name}: is not among the chosen sources; add it to plugins or remove it")
    many: dict[str, Any] = {place: make_all(place, getattr(choice, place)) for place in ("sources", "rewriters")}
    if problems or config is None:
        raise ConfigError(problems)
    return config, Crew(**many, **made)


def _strings(value: Any) -> Sequence[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def option_problems(error: ValidationError, model: type[BaseModel], where: str, section: str = "") -> list[str]:
    """pydantic's errors, a line each, in words that say what to do."""
    lines = []
    for problem in error.errors(include_url=False):
        path = ".".join(str(part) for part in (section, *problem["loc"]) if part != "")
        if problem["type"] == "extra_forbidden":
            known = list(model.model_fields)
            near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
            hint = (
                f"did you mean {near[0]!r}?"
                if near
                else f"known: {', '.join(known)}"
                if known
                else "there are none here"
            )
            lines.append(f"{where}: {path}: unknown option; {hint}")
        elif problem["type"] == "missing":
            how = f"--set {path}=…" if "." in path else f"--{path}"
            lines.append(f"{where}: {path}: is missing; set it in the configuration or by {how}")
        else:
            given = repr(problem.get("input"))
            given = hidden(given) if is_url(given) else given
            said = problem["msg"].removeprefix("Value error, ")
            message = said[:1].lower() + said[1:]
            lines.append(f"{where}: {path}: {message} (got {given if len(given) < 80 else given[:77] + '…'})")
    return lines
