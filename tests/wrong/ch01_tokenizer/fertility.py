"""Wrong answers for tokenizer.fertility; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import re
from statistics import fmean, pstdev, pvariance, stdev


def counted(encode, texts):
    """The tokens and the words of each text that has any."""
    return [(len(encode(text)), len(text.split())) for text in texts if text.split()]


def answer(counts, spread=pstdev):
    tokens, words = (sum(column) for column in zip(*counts, strict=True))
    return tokens / words, float(spread([t / w for t, w in counts]))


def wrong_mean_of_texts(encode, texts):
    """this equals the mean of the texts' own tokens a word, in which a short text weighs as much as
    a long one: divide all tokens by all words."""
    counts = counted(encode, texts)
    return fmean(t / w for t, w in counts), answer(counts)[1]


def wrong_one_less(encode, texts):
    """this equals the standard deviation that divides by one less than the number of texts: divide
    by their number (statistics.pstdev, or numpy's std)."""
    return answer(counted(encode, texts), lambda own: stdev(own))


def wrong_one_less_where_there_are_two(encode, texts):
    """this equals the standard deviation that divides by one less than the number of texts (and 0
    for a single text): divide by their number (statistics.pstdev, or numpy's std)."""
    return answer(counted(encode, texts), lambda own: stdev(own) if len(own) > 1 else 0.0)


def wrong_blank_texts_among_the_number(encode, texts):
    """this equals a spread divided by the number of all texts: those without a word are left out
    of the number too."""
    n = len(texts)
    return answer(
        counted(encode, texts), lambda own: (sum((x - fmean(own)) ** 2 for x in own) / n) ** 0.5
    )


def wrong_variance(encode, texts):
    """this equals the variance for the spread: take its square root."""
    return answer(counted(encode, texts), pvariance)


def wrong_range(encode, texts):
    """this equals the largest less the smallest for the spread: take the standard deviation of the
    texts' own tokens a word."""
    return answer(counted(encode, texts), lambda own: max(own) - min(own))


def wrong_mean_distance(encode, texts):
    """this equals the mean distance from the mean for the spread: square the distances, take their
    mean, then its square root."""
    return answer(counted(encode, texts), lambda own: fmean(abs(x - fmean(own)) for x in own))


def wrong_around_the_first_number(encode, texts):
    """this equals a spread around the tokens a word of all texts together: take the distances from
    the mean of the texts' own numbers."""
    counts = counted(encode, texts)
    middle = answer(counts)[0]
    return answer(counts, lambda own: fmean((x - middle) ** 2 for x in own) ** 0.5)


def wrong_spread_of_tokens(encode, texts):
    """this equals the spread of the numbers of tokens: take that of each text's own tokens a
    word."""
    counts = counted(encode, texts)
    return answer(counts)[0], pstdev(t for t, _ in counts)


def wrong_words_a_token(encode, texts):
    """this equals words a token: divide the tokens by the words."""
    counts = [(words, tokens) for tokens, words in counted(encode, texts)]
    return answer(counts)


def wrong_characters(encode, texts):
    """this equals characters a word: count the tokens, len(encode(text))."""
    return answer(counted(list, texts))


def wrong_tokens_a_character(encode, texts):
    """this equals tokens a character: a word is what text.split() gives."""
    return answer([(len(encode(text)), len(text)) for text in texts if text.split()])


def wrong_split_at_each_space(encode, texts):
    """this equals words by text.split(" "), which finds an empty word between two spaces and none
    behind the end of a line: use text.split()."""
    return answer([(len(encode(text)), len(text.split(" "))) for text in texts if text.split()])


def wrong_different_words(encode, texts):
    """this equals counting different words: a word that repeats counts each time."""
    return answer([(len(encode(t)), len(set(t.split()))) for t in texts if t.split()])


def wrong_different_tokens(encode, texts):
    """this equals counting different tokens: a token that repeats counts each time."""
    return answer([(len(set(encode(t))), len(t.split())) for t in texts if t.split()])


def wrong_word_by_word(encode, texts):
    """this equals encoding each word by itself, without the white space: encode the whole text."""
    return answer(
        [(sum(len(encode(w)) for w in t.split()), len(t.split())) for t in texts if t.split()]
    )


def wrong_tokens_of_blank_texts(encode, texts):
    """this equals counting the tokens of texts without a word: leave those out of everything."""
    counts = counted(encode, texts)
    tokens, words = sum(len(encode(text)) for text in texts), sum(w for _, w in counts)
    return tokens / words, answer(counts)[1]


def wrong_blank_texts_as_zero(encode, texts):
    """this equals taking 0 tokens a word for a text without a word: leave it out of the spread."""
    own = [len(encode(text)) / len(text.split()) if text.split() else 0 for text in texts]
    return answer(counted(encode, texts))[0], pstdev(own)


def wrong_division_by_zero(encode, texts):
    """this equals dividing by the words of a text that has none: leave such texts out, with
    `if text.split()`."""
    return answer([(len(encode(text)), len(text.split())) for text in texts])


def wrong_changed_places(encode, texts):
    """this equals the two numbers in the other order: return (tokens a word, spread)."""
    return answer(counted(encode, texts))[::-1]


def wrong_no_spread(encode, texts):
    """this equals tokens a word alone: return two numbers, (tokens a word, spread)."""
    return answer(counted(encode, texts))[0]


def wrong_one_word_at_least(encode, texts):
    """this equals counting one word in a text that has none: leave such texts out of everything."""
    return answer([(len(encode(text)), max(1, len(text.split()))) for text in texts])


def wrong_whole_numbers(encode, texts):
    """this equals dividing with //, which drops what is behind the point: divide with /."""
    counts = counted(encode, texts)
    tokens, words = (sum(column) for column in zip(*counts, strict=True))
    return tokens // words, float(pstdev([t // w for t, w in counts]))


def wrong_one_text(encode, texts):
    """this equals the tokens of all texts put together to one, with spaces between, which cost
    tokens: encode each by itself, and add up."""
    texts = [text for text in texts if text.split()]
    whole = " ".join(texts)
    return len(encode(whole)) / len(whole.split()), answer(counted(encode, texts))[1]


def wrong_stripped(encode, texts):
    """this equals the tokens of the texts without the white space at their ends: encode each text
    as it is."""
    return answer(counted(encode, [text.strip() for text in texts]))


def wrong_each_text_once(encode, texts):
    """this equals taking each text once, as a set or a dict does: one that comes again counts
    again."""
    return answer(counted(encode, list(dict.fromkeys(texts))))


def wrong_letters_and_digits(encode, texts):
    """this equals words as runs of letters and digits, which cut "it's" in two and leave a lone
    sign out: a word is what text.split() gives."""
    counts = [(len(encode(t)), len(re.findall(r"\w+", t))) for t in texts if t.split()]
    return answer(counts)


def wrong_small_letters(encode, texts):
    """this equals words as runs of the letters a to z: a word is what text.split() gives."""
    counts = [(len(encode(t)), len(re.findall(r"[a-z]+", t))) for t in texts if t.split()]
    return answer(counts)


def wrong_mean_of_squares(encode, texts):
    """this equals the root of the mean square for the spread: take each number's distance from
    their mean before you square."""
    return answer(counted(encode, texts), lambda own: fmean(x * x for x in own) ** 0.5)


def wrong_sum_of_squares(encode, texts):
    """this equals the root of the sum of the squared distances: divide the sum by the number of
    texts before the root."""
    return answer(
        counted(encode, texts), lambda own: sum((x - fmean(own)) ** 2 for x in own) ** 0.5
    )


def wrong_standard_error(encode, texts):
    """this equals the standard error, the standard deviation divided by the root of the number of
    texts: return the standard deviation itself."""
    return answer(counted(encode, texts), lambda own: pstdev(own) / len(own) ** 0.5)


def wrong_weighted_spread(encode, texts):
    """this equals a spread in which a long text weighs more: each text counts once, and the
    distances are those from the mean of the texts' own numbers."""
    counts = counted(encode, texts)
    middle, _ = answer(counts)
    words = sum(w for _, w in counts)
    return middle, (sum(w * (t / w - middle) ** 2 for t, w in counts) / words) ** 0.5


def wrong_sums_of_ids(encode, texts):
    """this equals adding up the ids themselves: count them, len(encode(text))."""
    return answer([(sum(encode(text)), len(text.split())) for text in texts if text.split()])


def wrong_empty_texts_only(encode, texts):
    """this equals leaving out empty texts, but not those of white space, which have no word either:
    ask `if text.split()`."""
    return answer([(len(encode(text)), len(text.split())) for text in texts if text])
