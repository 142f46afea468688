"""Graders of chapter 01: tokens a word and their spread, and what other languages cost."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from minitransformer.workbook.grading import Case, expect_close, grader

# ---- what a text costs by three made-up tokenizers


def one(text):
    """The text; a sentence for the learner where it is none."""
    if not isinstance(text, str):
        raise TypeError(f"encode takes one text, a str, and was given a {type(text).__name__}")
    return text


def by_characters(text):
    return [ord(character) for character in one(text)]


def by_bytes(text):
    return list(one(text).encode("utf-8"))


def by_threes(text):
    """A token for every three bytes begun."""
    data = by_bytes(text)
    return [sum(data[i : i + 3]) for i in range(0, len(data), 3)]


def sentences(seed, n):
    """Texts of made-up words, some of them with more than one space between."""
    random = Random(seed * 31 + n)

    def word():
        return "".join(random.choices("aeimnoprst", k=random.randint(1, 9)))

    return [
        random.choice(["", " "])
        + "".join(
            word() + random.choice([" ", " ", "  ", "\n"]) for _ in range(random.randint(1, 12))
        )
        for _ in range(n)
    ]


# ---- 7 fertility


def cases_fertility(seed):
    return [
        Case('["go"], a token a character', (by_characters, ["go"])),
        Case('["a b", "abcd"], a token a character', (by_characters, ["a b", "abcd"])),
        Case("four texts, a token for three bytes", (by_threes, sentences(seed, 4))),
        Case('["to  be\\n"]: white space in a row', (by_characters, ["to  be\n"])),
        Case("a text that is empty", (by_characters, ["so it is", "", "yes"])),
        Case("a text of white space", (by_characters, ["so it is", " \n ", "yes"])),
        Case("letters of two bytes", (by_bytes, ["été où", "là", "ça va"])),
        Case("a text that comes twice", (by_characters, ["a b", "a b", "abcd"])),
        Case("words with signs", (by_characters, ["It's 10 o'clock, sir!", "Two-way, yes - no"])),
        Case("words that repeat", (by_bytes, ["no no no no", "so so", "no"])),
        Case("nine texts, a token for three bytes", (by_threes, sentences(seed + 1, 9))),
    ]


def oracle_fertility(encode, texts):
    n_tokens, n_words = [], []
    for text in texts:
        if not text.isspace() and text != "":
            n_tokens.append(len(list(encode(text))))
            n_words.append(len([word for word in text.replace("\n", " ").split(" ") if word != ""]))
    own = [Fraction(t, w) for t, w in zip(n_tokens, n_words, strict=True)]
    mean = sum(own) / len(own)
    spread = float(sum((ratio - mean) ** 2 for ratio in own) / len(own)) ** 0.5
    return float(Fraction(sum(n_tokens), sum(n_words))), spread


def fertility_by_hand(answer):
    texts = ["to be", "abcd", "  "]
    expect_close(
        answer(by_characters, texts), (3.0, 0.75), '["to be", "abcd", "  "], a token a character'
    )


def the_same_text_again_changes_nothing(answer, seed):
    texts = sentences(seed + 2, 5)
    expect_close(answer(by_threes, texts * 3), answer(by_threes, texts), "each text three times")
    one = sentences(seed + 3, 1)
    expect_close(answer(by_threes, one * 4)[1], 0.0, "the spread of four equal texts")


def twice_the_tokens_double_both(answer, seed):
    texts = sentences(seed + 4, 6)
    once, twice = answer(by_threes, texts), answer(lambda text: by_threes(text) * 2, texts)
    expect_close(twice, (2 * once[0], 2 * once[1]), "both numbers, with twice the tokens")


# ---- 8 premium

GREETINGS = {
    "Greek": ["καλημέρα", "ναι"],
    "English": ["good morning", "yes", "and no"],
    "French": ["bonjour", "ça va", "oui"],
}


def cases_premium(seed):
    random = Random(seed)
    drawn = {
        language: sentences(seed * 10 + i, random.randint(2, 5))
        for i, language in enumerate(["Latin", "Tamil", "Welsh", "Yoruba"])
    }
    return [
        Case(
            '{"A": ["ab"], "B": ["abcd"]}, base "A"', (by_bytes, {"A": ["ab"], "B": ["abcd"]}, "A")
        ),
        Case("the base stands last", (by_bytes, {"A": ["ab"], "B": ["abcde"]}, "B")),
        Case(
            "a paragraph that comes twice", (by_bytes, {"A": ["ab", "c", "ab"], "B": ["de"]}, "B")
        ),
        Case("the base alone", (by_bytes, {"A": ["ab", "c"]}, "A")),
        Case("three languages, a token a byte", (by_bytes, GREETINGS, "English")),
        Case("three languages, a token a character", (by_characters, GREETINGS, "French")),
        Case("four languages, a token for three bytes", (by_threes, drawn, "Welsh")),
    ]


def oracle_premium(encode, versions, base):
    found = {}
    for language in versions:
        above = below = 0
        for text in versions[language]:
            above += len(list(encode(text)))
        for text in versions[base]:
            below += len(list(encode(text)))
        found[language] = float(Fraction(above, below))
    return found


def premium_by_hand(answer):
    versions = {"French": ["été", "oui"], "English": ["summer", "so"]}
    expect_close(
        answer(by_bytes, versions, "English"),
        {"French": 1.0, "English": 1.0},
        "the two languages worked by hand on the page, a token a byte",
    )


def another_base_divides(answer, seed):
    """Against a base and back again: the two premiums are one when multiplied."""
    versions = {str(i): sentences(seed + i, 3 + i) for i in range(3)}
    there, back = answer(by_threes, versions, "0"), answer(by_threes, versions, "2")
    expect_close(there["2"] * back["0"], 1.0, "premium of A against B, times B against A")
    expect_close(back["2"], 1.0, "premium of the base")


GRADERS = [
    grader(
        "tokenizer.fertility",
        cases=cases_fertility,
        oracle=oracle_fertility,
        by_hand=fertility_by_hand,
        tensors=False,
        properties={
            "the same texts again": the_same_text_again_changes_nothing,
            "twice the tokens": twice_the_tokens_double_both,
        },
    ),
    grader(
        "tokenizer.premium",
        cases=cases_premium,
        oracle=oracle_premium,
        by_hand=premium_by_hand,
        tensors=False,
        properties={"another base": another_base_divides},
    ),
]
