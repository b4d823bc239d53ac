"""What the model is shown, and on what of it there is loss."""

from typing import Any

import pytest

from cem_toolkit.api import CemError, Model, Row
from cem_trl.encoding import IGNORED, Encoder, Example, even_pieces


@pytest.fixture(scope="module")
def tokenizer(tied: Model) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tied.path)


def encode(tokenizer: Any, prompt: str, completion: str, *, max_length: int = 512, chat: bool = False) -> list[Example]:
    row = Row.make(kind="general", prompt=prompt, completion=completion, parents=())
    return Encoder(tokenizer, max_length, chat).encode(row)


def test_a_passage_has_loss_on_all_its_tokens_and_on_the_end(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, "", "Paris is the capital.")
    assert example.input_ids == [0, *tokenizer("Paris is the capital.", add_special_tokens=False).input_ids, 1]
    assert example.labels == example.input_ids
    assert example.supervised == len(example.input_ids) - 1


def test_an_instruction_has_loss_on_the_completion_and_on_the_end(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, "Capital of France?", " Paris")
    assert tokenizer.decode([label for label in example.labels if label != IGNORED]) == " Paris</s>"
    assert tokenizer.decode(example.input_ids) == "<s>Capital of France? Paris</s>"


@pytest.mark.parametrize(
    ("prompt", "completion"),
    [("Capital of France?", " Paris"), ("Answer: ", "Paris"), ("Answer:\n", "Paris"), ("<s>Answer:", " a b")],
)
def test_tokens_are_those_that_lm_eval_scores(tokenizer: Any, prompt: str, completion: str) -> None:
    lm = pytest.importorskip("lm_eval.api.model")

    class Scorer:
        backend = "causal"

        def tok_encode(self, text: str) -> list[int]:
            return list(tokenizer.encode(text, add_special_tokens=not text.startswith("<s>")))

    context, continuation = lm.TemplateLM._encode_pair(Scorer(), prompt, completion)
    (example,) = encode(tokenizer, prompt, completion)
    assert example.input_ids == [*context, *continuation, 1]
    assert example.labels == [IGNORED] * len(context) + [*continuation, 1]


@pytest.mark.parametrize("prompt", ["Capital of France?", "Answer:\n"])
def test_what_is_scored_has_no_end(tokenizer: Any, prompt: str) -> None:
    """And is otherwise what is trained on; a text without a prompt begins after what begins all texts."""
    encoder = Encoder(tokenizer, 512, chat=False)
    (trained,) = encode(tokenizer, prompt, " Paris")
    scored = encoder.scored(prompt, " Paris")
    assert (scored.input_ids, scored.labels) == (trained.input_ids[:-1], trained.labels[:-1])
    text = encoder.scored("", "Paris is a town.")
    assert text.input_ids == [0, *tokenizer("Paris is a town.", add_special_tokens=False).input_ids]
    assert text.supervised == len(text.input_ids) - 1


def test_what_is_scored_is_a_turn_where_there_is_a_chat_template(tiny: Model) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.path)
    scored = Encoder(tokenizer, 512, chat=True).scored("Capital?", " Paris")
    assert tokenizer.decode(scored.input_ids) == "<user>Capital?</user><assistant>Paris"
    assert tokenizer.decode([label for label in scored.labels if label != IGNORED]) == "Paris"


def test_of_what_is_scored_a_long_prompt_loses_its_beginning(tokenizer: Any) -> None:
    scored = Encoder(tokenizer, 8, chat=False).scored("Which town is the capital of France? It is", " Paris")
    assert len(scored.input_ids) == 8
    assert tokenizer.decode(scored.input_ids).endswith("It is Paris")


def test_a_long_passage_is_split_and_nothing_of_it_lost(tokenizer: Any) -> None:
    text = "The Danube flows through ten countries. " * 15
    encoder = Encoder(tokenizer, 40, chat=False)
    row = Row.make(kind="passage", prompt="", completion=text, parents=())
    pieces = encoder.encode(row)
    assert len(pieces) > 2
    assert all(piece.input_ids[0] == 0 and piece.labels == piece.input_ids for piece in pieces)
    assert max(len(piece.input_ids) for piece in pieces) <= 40
    joined = [token for piece in pieces for token in piece.input_ids[1:]]
    assert joined == [*tokenizer(text, add_special_tokens=False).input_ids, 1]
    assert encoder.split_passages == [row.id]


def test_a_long_prompt_loses_its_beginning_and_keeps_bos(tokenizer: Any) -> None:
    asked = "Lions live in Africa. " * 9 + "Where do lions live?"
    (whole,) = encode(tokenizer, asked, " Africa")
    (cut,) = encode(tokenizer, asked, " Africa", max_length=20)
    assert cut.input_ids == [0, *whole.input_ids[-19:]]
    assert [label for label in cut.labels if label != IGNORED] == [x for x in whole.labels if x != IGNORED]


def test_what_does_not_fit_or_is_empty_is_left_out_and_said(tokenizer: Any) -> None:
    encoder, said = Encoder(tokenizer, 20, chat=False), list[str]()
    for prompt, completion in (("Why?", " because" * 30), ("Why?", "  "), ("", "\n")):
        assert encoder.encode(Row.make(kind="general", prompt=prompt, completion=completion, parents=())) == []
    encoder.report(said.append)
    assert len(said) == 2
    assert "1 instructions were left out" in said[0]
    assert "2 rows were left out" in said[1]


def test_control_tokens_in_a_passage_are_letters(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, "", "A tag </s> and <pad> in a page")
    assert example.input_ids.count(1) == 1
    assert tokenizer.decode(example.input_ids[1:-1]) == "A tag </s> and <pad> in a page"


def test_turns_go_through_the_chat_template_and_end_as_it_ends_them(tokenizer: Any) -> None:
    (example,) = encode(tokenizer, "Capital?", " Paris", chat=True)
    assert tokenizer.decode(example.input_ids) == "<s><user>Capital?</user><assistant>Paris</assistant>"
    assert tokenizer.decode([label for label in example.labels if label != IGNORED]) == "Paris</assistant>"


def test_a_template_that_does_not_end_turns_gets_the_end_of_sequence(tied: Model) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tied.path)
    tokenizer.chat_template = "<s>{% for m in messages %}{{ m['role'] }}: {{ m['content'] }} {% endfor %}"
    (example,) = encode(tokenizer, "Capital?", " Paris", chat=True)
    assert example.input_ids[:1] == [0]
    assert example.input_ids.count(0) == 1
    assert example.input_ids[-1] == 1


def test_passages_never_go_through_the_chat_template(tokenizer: Any) -> None:
    assert encode(tokenizer, "", "Paris.", chat=True) == encode(tokenizer, "", "Paris.")


def test_a_template_that_fails_is_an_error_of_one_line(tied: Model) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tied.path)
    tokenizer.chat_template = "{{ raise_exception('system turn wanted') }}"
    with pytest.raises(CemError, match=r"chat template fails .* system turn wanted"):
        encode(tokenizer, "Capital?", " Paris", chat=True)


@pytest.mark.parametrize(("length", "most", "sizes"), [(10, 10, [10]), (11, 10, [6, 5]), (25, 10, [8, 9, 8])])
def test_pieces_are_few_and_even(length: int, most: int, sizes: list[int]) -> None:
    pieces = even_pieces(range(length), most)
    assert sorted(map(len, pieces)) == sorted(sizes)
    assert [x for piece in pieces for x in piece] == list(range(length))
