"""Text that is meant for a language model instead of a reader.

What this source finds becomes training data; it is never given orders from, and no model that reads it has any tool in
its hands. But text such as "ignore previous instructions" would teach a model to write so, and the marks of chat
templates would become the tokens that separate turns. So the paragraph that holds such a thing is dropped.

This is a list of patterns for what is common, mostly in English. It understands nothing: it misses what is said in
other words, in other languages or in pictures, and it drops honest paragraphs that quote such a phrase.
"""

import re
import unicodedata

MODEL = r"ai|llms?|(large )?language models?|chatbots?|ai (assistants?|models?)"
PATTERNS = (
    # Orders to forget orders.
    r"\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(previous|prior|above|earlier|preceding|your|all|any|system)\b"
    r".{0,40}\b(instructions?|prompts?)\b",
    r"\b(ignorier|vergiss|vergesst)\w*\b.{0,40}\b(anweisungen|befehle)\b",
    r"\b(ignore[zs]?|oublie[zs]?)\b.{0,40}\binstructions\b.{0,20}\b(précédentes|antérieures)\b",
    r"\b(ignora|olvida)\w*\b.{0,40}\binstrucciones\b",
    # Talk to the machine.
    rf"\b(if|as) you('re| are)? (an?|reading this as an?) ({MODEL})\b",
    rf"\b(dear|attention|note to|notice to|message to|instructions? (to|for)) (all )?({MODEL})\b",
    rf"\b({MODEL})( agents?| assistants?| crawlers?)? (reading|processing|parsing|summari[sz]ing|scraping) this\b",
    r"\byou are (now )?(chatgpt|gpt-?\d|an? (ai|helpful|unrestricted|jailbroken)( \w+)? (assistant|model))\b",
    r"\b(reveal|print|repeat|output|leak)\b.{0,30}\b(your|the) (system|hidden|initial|secret) (prompt|instructions?)\b",
    r"\b(new|real|updated) (system )?instructions?\s*:",
    # Marks of chat templates.
    r"<\|[a-z_]{2,30}\|>|<\|?/?(im_start|im_end|endoftext|start_of_turn|end_of_turn|begin_of_text|eot_id)\|?>|"
    r"\[/?inst\]|<</?sys>>|</?(system|assistant|tool_call|tool_response|think)>",
    r"^\s*(#{1,4}\s*)?(system|assistant|instruction|response)( prompt| message)?\s*:\s*(you|ignore|do not|always)\b",
    r"^\s*#{2,4}\s*(instruction|response|system|assistant)\s*:?\s*$",
)
ADDRESSED = re.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS), re.IGNORECASE)
LONGEST = 4000
"""Characters of a paragraph that one look takes; longer ones are looked at in overlapping parts."""
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
)
"""Characters that show nothing. Joiners (U+200C, U+200D) are left: Persian, Hindi and others are written with them."""


def drop_addressed(text: str) -> tuple[str, list[str]]:
    """`text` without the paragraphs (lines) that seem to address a language model, and what was seen in each of them.

    Invisible characters are taken out of all of it: they can spell whole orders that nobody sees.
    """
    kept, dropped = [], []
    for paragraph in INVISIBLE.sub("", text).split("\n"):
        seen = _find(paragraph)
        if seen:
            dropped.append(seen)
        else:
            kept.append(paragraph)
    return "\n".join(kept).strip(), dropped


def _find(paragraph: str) -> str:
    """What looks as if it addressed a model, or ""."""
    plain = unicodedata.normalize("NFKC", paragraph).replace("\u200c", "").replace("\u200d", "").replace("’", "'")
    for start in range(0, len(plain) or 1, LONGEST - 200):
        found = ADDRESSED.search(plain, start, start + LONGEST)
        if found:
            return found[0].strip()[:100]
    return ""
