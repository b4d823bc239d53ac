import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cem_embeddings import encoder as encoder_module
from cem_toolkit.api import CemError, Context, Embedder, Mistake


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that was encoded."""
    seen: list[str] = []
    embed = Embedder.embed

    def watch(self: Embedder, texts: Sequence[str], *done: Any) -> Any:
        seen.extend(texts)
        return embed(self, texts, *done)

    monkeypatch.setattr(Embedder, "embed", watch)
    return seen


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Why do young cats need rest?", "Kitten"),
        ("How does inoculation protect people?", "Vaccine"),
        ("What happens to metal when wet?", "Rust"),
        ("What makes lava erupt?", "Volcano"),
    ],
)
def test_a_question_finds_the_document_with_which_it_shares_no_word(desk: Any, question: str, title: str) -> None:
    assert desk.titles(question, top_k=1) == [title]


def test_passages_keep_where_they_are_from(desk: Any) -> None:
    kitten, *others = desk.retrieve("Why do young cats need rest?", "Which pet naps?", top_k=2)
    assert (kitten.title, kitten.source, kitten.licence) == ("Kitten", "embeddings", "CC0")
    assert (kitten.url, kitten.revision) == ("https://shelf.example/Kitten", "7")
    assert [(hit.mistake_id, hit.query, hit.score) for hit in kitten.hits] == [
        ("m0", "Why do young cats need rest?", 1.0),
        ("m1", "Which pet naps?", 1.0),
    ]
    assert all(hit.score == 0.5 for passage in others for hit in passage.hits)


def test_the_choices_are_asked_with_the_question_whatever_their_order(desk: Any) -> None:
    def find(*choices: str) -> list[Any]:
        mistake = Mistake(
            id="m", attempt_id="q", task="t", kind="knowledge", question="Which one?", choices=choices, queries=("x",)
        )
        return list(desk.source(top_k=1).retrieve([mistake], desk.ctx))

    assert [passage.title for passage in find("violin", "grand piano")] == ["Piano"]
    assert find("violin", "grand piano") == find("grand piano", "violin")


def test_each_query_where_questions_are_not_asked(desk: Any) -> None:
    found = desk.retrieve("young cats", questions=False, top_k=2)
    assert [passage.title for passage in found] == ["Kitten", "Piano"]
    assert [hit.query for hit in found[1].hits][-1] == "piano keys"


def test_a_document_is_encoded_once(fresh: Any, texts: list[str]) -> None:
    first = fresh.retrieve("young cats")
    assert len(texts) == 14  # twelve documents, one to learn how long vectors are, and the question
    assert fresh.log == ["embeddings: encoding the documents of shelf, once; an interrupted try is gone on with"]
    texts.clear()
    assert fresh.retrieve("young cats", options={}) == first
    assert texts == ["young cats"]


def test_other_documents_are_encoded_anew(fresh: Any, texts: list[str]) -> None:
    fresh.retrieve("young cats")
    texts.clear()
    assert fresh.titles("young cats", options={"sentences": {"Puppy": "A puppy is a young dog."}}) == ["Puppy"]
    assert len(texts) == 3


def test_documents_that_are_there_twice_are_told_once(fresh: Any, shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = shelf.documents
    monkeypatch.setattr(
        shelf, "documents", lambda self, ctx: (one for each in listing(self, ctx) for one in (each, each))
    )
    assert fresh.titles("young cats", top_k=2) == ["Kitten"]


def test_what_was_encoded_before_an_interruption_is_kept(
    fresh: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_embeddings.store.BLOCK", 4)
    monkeypatch.setattr("cem_embeddings.other.Other.fingerprint", lambda self: "as it was")
    whole = with_another_cache(fresh, "whole").retrieve("young cats", "wet metal")
    with pytest.raises(KeyboardInterrupt):
        fresh.retrieve("young cats", options={"stops_after": 10})
    texts.clear()
    assert fresh.retrieve("young cats", "wet metal") == whole
    assert len([text for text in texts if "\n" in text]) == 4


def test_a_block_that_was_half_written_is_written_again(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cem_embeddings.store.BLOCK", 4)
    whole = fresh.retrieve("young cats", "wet metal")
    (vectors,) = fresh.cache.glob("*/vectors.float16")
    contents = vectors.read_bytes()
    (vectors.parent / "whole.json").unlink()
    for name, cut in (("vectors.float16", 1), ("offsets.uint64", 11), ("documents.jsonl", 70)):
        file = vectors.parent / name
        file.write_bytes(file.read_bytes()[:-cut])
        assert fresh.retrieve("young cats", "wet metal") == whole
        assert vectors.read_bytes() == contents
        (vectors.parent / "whole.json").unlink()


def test_documents_that_changed_since_the_interruption_are_not_taken(
    fresh: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cem_embeddings.store.BLOCK", 2)
    monkeypatch.setattr("cem_embeddings.other.Other.fingerprint", lambda self: "as it was")
    old = {"A": "A cat.", "B": "A dog.", "C": "A cow.", "D": "A hen.", "E": "A fox."}
    with pytest.raises(KeyboardInterrupt):
        fresh.retrieve("pets", options={"sentences": old, "stops_after": 4})
    texts.clear()
    new = old | {"D": "A wolf in the forest."}
    assert fresh.titles("timber wolves", top_k=1, options={"sentences": new}) == ["D"]
    # The whole block, so that each vector is as it is without an interruption.
    assert [text for text in texts if "\n" in text] == ["C\nA cow.", "D\nA wolf in the forest.", "E\nA fox."]


def test_half_precision_ranks_as_full_does(desk: Any) -> None:
    questions = ["young cats", "wet metal", "lava", "ocean", "loans", "insects and plants"]
    half = desk.retrieve(*questions, top_k=12)
    assert [one.to_json() for one in desk.retrieve(*questions, top_k=12, dtype="float32")] == [
        one.to_json() for one in half
    ]


def test_random_documents_are_those_of_the_other_source(desk: Any) -> None:
    drawn = list(desk.source().sample(2, desk.ctx))
    assert [(passage.title, passage.source) for passage in drawn] == [("Kitten", "embeddings"), ("Steel", "embeddings")]


def test_random_documents_of_a_source_that_cannot_draw(desk: Any) -> None:
    def drawn(seed: int) -> list[str]:
        source = desk.source(options={"samples": False})
        return [passage.title for passage in source.sample(3, replace(desk.ctx, seed=seed))]

    assert len(set(drawn(0))) == 3
    assert drawn(0) == drawn(0) != drawn(1)


def test_its_own_documents_are_the_other_source_s(desk: Any) -> None:
    listed = list(desk.source().documents(desk.ctx))
    assert len(listed) == 12
    assert {passage.source for passage in listed} == {"embeddings"}


def test_no_mistakes_cost_nothing(fresh: Any, texts: list[str]) -> None:
    assert fresh.retrieve() == []
    assert texts == []


def test_check_looks_at_the_first_document_alone(fresh: Any, shelf: Any, texts: list[str]) -> None:
    fresh.source().check(fresh.ctx)
    assert (shelf.listed, texts) == (["Kitten"], [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"over": "docks"}, r"^unknown source 'docks'$"),
        (
            {"over": "mute"},
            r"^embeddings: over: the source 'mute' cannot list its documents: use it by itself .*hybrid",
        ),
        ({"options": {"sentence": {}}}, r"^embeddings: options\.sentence: Extra inputs .* \(options of shelf\)$"),
        ({"options": {"sentences": {}}}, r"^embeddings: over: the source 'shelf' has no documents$"),
        ({"encoder": "/nowhere/at/all"}, r"^embeddings: encoder: "),
        ({"device": "cuda:77"}, r"^embeddings: device: 'cuda:77' cannot be used: "),
        ({"device": "abacus"}, r"^embeddings: device: 'abacus' cannot be used: "),
    ],
)
def test_what_would_fail_is_said_before(fresh: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CemError, match=message) as caught:
        fresh.source(**options).check(fresh.ctx)
    assert "\n" not in str(caught.value)


def test_it_does_not_search_itself(desk: Any) -> None:
    with pytest.raises(ValidationError, match="not their own"):
        desk.source(over="embeddings")


def test_missing_libraries_are_named_with_the_command(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    with pytest.raises(CemError, match=r"^embeddings: needs torch: pip install torch transformers$"):
        desk.source().check(desk.ctx)


def test_the_other_source_has_a_cache_of_its_own(fresh: Any) -> None:
    fresh.source().fingerprint(fresh.ctx)
    assert (fresh.cache / "over" / "shelf" / "mine").is_file()


def test_fingerprints_tell_documents_and_encoders_apart(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.source().fingerprint(desk.ctx)
    assert desk.source(options={"sentences": {"A": "a"}}).fingerprint(desk.ctx) != first
    find = encoder_module.find_encoder

    def another(options: Any, ctx: Context) -> Any:
        return replace(find(options, ctx), fingerprint="another")

    monkeypatch.setattr(encoder_module, "find_encoder", another)
    assert desk.source().fingerprint(desk.ctx) != first


def with_another_cache(desk: Any, name: str) -> Any:
    """The same desk with another cache."""
    cache: Path = desk.cache.parent / name
    cache.mkdir()
    return replace(desk, cache=cache, log=[])
