"""The rewriter `rules`: what sentences say, said otherwise without any model."""

from collections.abc import Iterator, Sequence
from random import Random

from pydantic import Field

from cem_toolkit.api import Context, Options, Passage, Rewrite, RewriteKind, Rewriter, content_id
from cem_toolkit.builtin.facts import BLANK, facts
from cem_toolkit.builtin.restate import inverted, names_in, reordered, with_subject
from cem_toolkit.builtin.text import main_name, sentences

ABOUT = "What is to be known about {}?"
KINDS: dict[str, RewriteKind] = {"role": "question", "definition": "definition", "cloze": "cloze"}


class RulesOptions(Options):
    statements: int = Field(3, ge=0, description="Make at most so many statements of a passage's sentence.")
    questions: int = Field(3, ge=0, description="Make at most so many questions about a passage's subject.")
    about: bool = Field(
        True, description="Also make each sentence the answer to what is to be known about its page's subject."
    )
    blanks: int = Field(2, ge=0, description="Leave out at most so many other names of a passage, each once.")


class Rules(Rewriter):
    """Statements: each sentence with its subject put in for a pronoun, with its list in another order, and turned round
    ("The capital of Togo is Lomé").

    Questions: what is to be known about the subject, which the sentence answers as it stands, for what is learnt as
    text alone is hardly found again when a question is asked; who or what holds a named role, what the subject is, and
    the subject or another name left out."""

    name = "rules"
    version = "1"
    Options = RulesOptions
    options: RulesOptions

    def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterator[Rewrite]:
        for passage in passages:
            random = Random(content_id(str(ctx.seed), passage.id))  # noqa: S311 (not for secrets)
            name = main_name(passage.title)
            spoken = [(sentence, with_subject(passage.title, sentence)) for sentence in sentences(passage.text)]
            for sentence, said in spoken:
                if self.options.about and said not in ABOUT.format(name):
                    yield Rewrite.make(passage_id=passage.id, kind="about", question=ABOUT.format(name), text=said)
                found = dict.fromkeys(text for text in (said, inverted(said), reordered(said, random)) if text)
                found.pop(sentence, None)
                for text in list(found)[: self.options.statements]:
                    yield Rewrite.make(passage_id=passage.id, kind="restatement", text=text)
            for fact in facts(passage, self.options.questions):
                yield Rewrite.make(
                    passage_id=passage.id, kind=KINDS[fact.pattern], question=fact.question, text=fact.answer
                )
            yield from self._blanks(passage, [said for _, said in spoken], random)

    def _blanks(self, passage: Passage, spoken: Sequence[str], random: Random) -> Iterator[Rewrite]:
        """`spoken` are the passage's sentences, each with its subject."""
        places = [(said, name) for said in spoken for name in names_in(said, passage.title) if said.count(name) == 1]
        for said, name in random.sample(places, min(self.options.blanks, len(places))):
            question = f"Fill in the blank: {said.replace(name, BLANK, 1)}"
            yield Rewrite.make(passage_id=passage.id, kind="cloze", question=question, text=name)
