"""`cem-toolkit push`."""

from pathlib import Path

import click

from cem_toolkit.cli.places import place_options


@click.command("push")
@click.argument("run", default="latest")
@click.option("--repo", required=True, metavar="OWNER/NAME", help="The model's repository; made where it is missing.")
@click.option("--dataset", metavar="OWNER/NAME", help="Also push training rows and mistakes, to this repository.")
@click.option("--round", "number", type=int, help="Which round's model [default: the last accepted one].")
@click.option("--base", metavar="OWNER/NAME", help="The starting model on the hub, where the run had it from a disk.")
@click.option("--private", is_flag=True, help="Make the repositories private.")
@click.option("--rejected", is_flag=True, help="Push the model even where the gate rejected its round.")
@click.option("--dry-run", is_flag=True, help="List what would be pushed. Send nothing.")
@place_options
def command(
    run: str,
    repo: str,
    dataset: str | None,
    number: int | None,
    base: str | None,
    private: bool,
    rejected: bool,
    dry_run: bool,
    out: str,
    cache: Path,
) -> None:
    """Push the model of RUN (a path, name, address, or `latest`) with its card to the Hugging Face Hub.

    The token is found as huggingface_hub finds it: HF_TOKEN, or `hf auth login`. Questions that were held out, the
    models' answers, and what the leak guard dropped are never pushed.
    """
    from cem_toolkit.folders import find_run
    from cem_toolkit.hub.choosing import check_dataset, choose
    from cem_toolkit.hub.contents import dataset_upload, model_upload
    from cem_toolkit.hub.pushing import check_names, push
    from cem_toolkit.storage.runs import model_folder

    check_names(repo, dataset)
    choice = choose(find_run(run, out, cache), number, base, rejected=rejected)
    uploads = []
    if dataset:
        check_dataset(choice, private=private)
        uploads.append(dataset_upload(choice, dataset))
    folder = model_folder(choice.facts.run, choice.turn.number, lambda line: click.echo(line, err=True))
    uploads.append(model_upload(choice, folder, repo, dataset))
    if dry_run:
        for upload in uploads:
            click.echo(f"{upload.kind} {upload.repo}")
            for name, size in upload.sizes():
                click.echo(f"  {size:>14,}  {name}")
        return
    message = f"{choice.facts.run.name}, round {choice.turn.number}"
    for address in push(uploads, private=private, message=message, say=lambda line: click.echo(line, err=True)):
        click.echo(address)
