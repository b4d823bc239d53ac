"""TRL's trainer, set up for one run."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from torch.optim import SGD
from transformers import PrinterCallback, set_seed
from trl import SFTConfig
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from cem_toolkit.api import CemError, Context
from cem_trl.checkpoints import keeps_checkpoints
from cem_trl.dealing import deal
from cem_trl.encoding import Example
from cem_trl.factored import FactoredAdamW
from cem_trl.hardware import choose_checkpointing, choose_optimizer
from cem_trl.layout import ALONE, Layout
from cem_trl.method import Following, Method
from cem_trl.models import freeze_embeddings, load_model, lora_config, stored_dtype
from cem_trl.options import TrlOptions
from cem_trl.sft import Sft, keep_gradients_small
from cem_trl.trackers import PROJECT, run_name
from cem_trl.watch import Cadence


def make_trainer(
    order: Sequence[Example],
    tokenizer: Any,
    options: TrlOptions,
    ctx: Context,
    device: str,
    precision: str,
    layout: Layout = ALONE,
    method: Method | None = None,
) -> Sft:
    """A trainer that sees the examples of `order` once, as they stand, beginning with `ctx.model`; by `method`, where
    there is one."""
    set_seed(ctx.seed)
    model = load_model(ctx, options, precision)
    if options.freeze == "embeddings" and options.method == "full":
        # What FSDP divides together is of one format.
        small = precision == "mixed" and not layout.sharded
        freeze_embeddings(model, stored_dtype(ctx.model.path) if small else None)
    factored = method is None and choose_optimizer(options, device, layout.sharded) == "factored-adamw"
    plain = method is not None and method.optimizer == "sgd"
    by = FactoredAdamW if factored else SGD if plain else None
    new_adapter = options.method == "lora" and not hasattr(model, "peft_config")
    rows, times = layout.share(options)
    steps = -(-len(order) // options.batch_size)
    dealt = deal(order, options.batch_size, rows, times * layout.processes) if layout.launched else order
    tokens = rows * max(len(each.input_ids) for each in order)
    checkpointing = choose_checkpointing(options, device, model, tokens)
    # Padding is told from text by its label alone, so that EOS may serve as padding and still be learned.
    padding = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    try:
        trainer = Sft(
            model=model,
            args=training_arguments(steps, options, ctx, device, precision, checkpointing, layout),
            train_dataset=Dataset.from_dict(
                {"input_ids": [each.input_ids for each in dealt], "labels": [each.labels for each in dealt]}
            ),
            data_collator=DataCollatorForLanguageModeling(pad_token_id=padding),
            processing_class=tokenizer,
            optimizer_cls_and_kwargs=(by, {"lr": options.peak_learning_rate}) if by else None,
            peft_config=lora_config(options) if new_adapter else None,
            callbacks=[Cadence(options.checkpoint_seconds if keeps_checkpoints(options, layout) else 0)],
        )
    except ValueError as error:
        if not new_adapter:
            raise
        raise CemError(f"no adapters can be made for lora_targets {options.lora_targets!r}: {error}") from error
    trainer.steps, trainer.method, trainer.order = steps, method, order
    if method is not None:
        trainer.add_callback(Following(method, trainer))
    if factored and not layout.launched:  # processes exchange gradients in the weights' format
        keep_gradients_small(trainer.model, mixed=precision == "mixed", release=checkpointing)
    trainer.remove_callback(PrinterCallback)
    return trainer


def training_arguments(
    steps: int, options: TrlOptions, ctx: Context, device: str, precision: str, checkpointing: bool, layout: Layout
) -> SFTConfig:
    """TRL's settings. The epochs lie one after the other in the data, which is gone through once and in order."""
    rows, times = layout.share(options)
    arguments = SFTConfig(
        output_dir=str(ctx.folder / "checkpoints"),
        seed=ctx.seed,
        use_cpu=device == "cpu",
        bf16=precision == "mixed",
        fp16=False,
        per_device_train_batch_size=rows,
        gradient_accumulation_steps=times,
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        dataset_kwargs={"skip_prepare_dataset": True},
        learning_rate=options.peak_learning_rate,
        lr_scheduler_type=_scheduler(options),
        warmup_steps=int(options.warmup_ratio * steps),
        weight_decay=options.weight_decay,
        max_grad_norm=options.max_grad_norm,
        gradient_checkpointing=checkpointing,
        save_strategy="no",
        save_total_limit=1,
        logging_steps=1,
        # A loss that is no number is to be seen, not to be replaced by the mean of the others.
        logging_nan_inf_filter=False,
        report_to=list(options.report_to) or "none",
        project=PROJECT,
        run_name=run_name(ctx),
        disable_tqdm=True,
        **(divided(layout, device, precision) if layout.launched else {}),
    )
    if arguments.n_gpu > 1:
        # TRL refuses DataParallel; without a distributed launch one GPU trains.
        arguments._n_gpu = 1
    return arguments


def divided(layout: Layout, device: str, precision: str) -> dict[str, Any]:
    """TRL's settings for several processes; on GPUs an accelerate file has its own of FSDP and DeepSpeed."""
    settings: dict[str, Any] = {"ddp_find_unused_parameters": False}
    if device == "cpu":
        settings["ddp_backend"] = "gloo"
    elif layout.config is not None:
        return settings
    if layout.strategy == "fsdp":
        config = {"version": 2, "auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "state_dict_type": "FULL_STATE_DICT"}
        settings |= {"fsdp": True, "fsdp_config": config}
    elif layout.sharded:
        stage = {"stage": 2 if layout.strategy == "zero2" else 3, "stage3_gather_16bit_weights_on_model_save": True}
        sizes = ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps")
        shared = dict.fromkeys((*sizes, "gradient_clipping"), "auto")
        settings["deepspeed"] = {**shared, "zero_optimization": stage, "bf16": {"enabled": precision == "mixed"}}
    return settings


def _scheduler(options: TrlOptions) -> str:
    return "constant_with_warmup" if options.schedule == "constant" else options.schedule
