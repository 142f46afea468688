"""Wrong answers for tokenizer.premium; each docstring is the sentence that its writer is told."""

from __future__ import annotations

from statistics import fmean


def totals(encode, versions):
    return {k: sum(len(encode(text)) for text in texts) for k, texts in versions.items()}


def wrong_turned_round(encode, versions, base):
    """this equals the base's tokens divided by the language's: divide by those of the base."""
    n = totals(encode, versions)
    return {k: n[base] / n[k] for k in versions}


def wrong_base_left_out(encode, versions, base):
    """this equals the premiums without the base's own: it belongs to the answer, with 1."""
    n = totals(encode, versions)
    return {k: n[k] / n[base] for k in versions if k != base}


def wrong_how_much_more(encode, versions, base):
    """this equals how many tokens more there are, as a share: return how many times as many, so
    that the base has 1, not 0."""
    n = totals(encode, versions)
    return {k: n[k] / n[base] - 1 for k in versions}


def wrong_difference(encode, versions, base):
    """this equals the number of tokens more than the base's: divide by those of the base."""
    n = totals(encode, versions)
    return {k: float(n[k] - n[base]) for k in versions}


def wrong_counts(encode, versions, base):
    """this equals the numbers of tokens: divide each by that of the base."""
    return totals(encode, versions)


def wrong_percent(encode, versions, base):
    """this equals percent: return how many times as many, so that the base has 1, not 100."""
    n = totals(encode, versions)
    return {k: 100 * n[k] / n[base] for k in versions}


def wrong_first_language(encode, versions, base):
    """this equals dividing by the tokens of the first language: divide by those of the base,
    wherever it stands."""
    n = totals(encode, versions)
    return {k: n[k] / n[next(iter(n))] for k in versions}


def wrong_cheapest_language(encode, versions, base):
    """this equals dividing by the language with the fewest tokens: divide by those of the base,
    whichever it is."""
    n = totals(encode, versions)
    return {k: n[k] / min(n.values()) for k in versions}


def wrong_mean_of_paragraphs(encode, versions, base):
    """this equals the mean of the paragraphs' own ratios: add up a language's tokens first, then
    divide once."""

    def own(texts):
        pairs = zip(texts, versions[base], strict=False)
        return fmean(len(encode(t)) / len(encode(b)) for t, b in pairs)

    return {k: own(texts) for k, texts in versions.items()}


def wrong_tokens_a_paragraph(encode, versions, base):
    """this equals comparing tokens a paragraph: languages may have different numbers of
    paragraphs, so compare the tokens of all of them."""
    n = totals(encode, versions)
    mean = {k: n[k] / len(versions[k]) for k in versions}
    return {k: mean[k] / mean[base] for k in versions}


def wrong_one_text(encode, versions, base):
    """this equals putting the paragraphs together to one text, so that tokens reach over their
    borders: encode each by itself, and add up."""
    n = {k: len(encode("".join(texts))) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_one_text_with_spaces(encode, versions, base):
    """this equals putting the paragraphs together with a space or a line's end between, which costs
    tokens of its own: encode each by itself, and add up."""
    n = {k: len(encode(" ".join(texts))) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_first_paragraph(encode, versions, base):
    """this equals comparing the first paragraphs alone: add up the tokens of all of them."""
    n = totals(encode, {k: texts[:1] for k, texts in versions.items()})
    return {k: n[k] / n[base] for k in versions}


def wrong_tokens_a_word(encode, versions, base):
    """this equals comparing tokens a word: the text is the same, so compare its tokens as they
    are."""
    n = totals(encode, versions)
    words = {k: sum(len(t.split()) for t in texts) for k, texts in versions.items()}
    return {k: n[k] / words[k] / (n[base] / words[base]) for k in versions}


def wrong_characters(encode, versions, base):
    """this equals comparing characters: count tokens, len(encode(text))."""
    n = totals(list, versions)
    return {k: n[k] / n[base] for k in versions}


def wrong_different_tokens(encode, versions, base):
    """this equals comparing different tokens: a token that repeats counts each time."""
    n = totals(lambda text: set(encode(text)), versions)
    return {k: n[k] / n[base] for k in versions}


def wrong_rounded(encode, versions, base):
    """this equals the premiums rounded to whole numbers: divide with /, not with //, and do not
    round."""
    n = totals(encode, versions)
    return {k: n[k] // n[base] for k in versions}


def wrong_a_list(encode, versions, base):
    """this equals the premiums without the languages' names: return a dict from language to
    premium."""
    n = totals(encode, versions)
    return [n[k] / n[base] for k in versions]


def wrong_changed_while_dividing(encode, versions, base):
    """this equals dividing by the base's number when it was 1 already: the loop that divides
    changes it, so keep it in a name of its own before."""
    n = totals(encode, versions)
    for k in n:
        n[k] /= n[base]
    return n


def wrong_last_paragraph(encode, versions, base):
    """this equals comparing the last paragraphs alone: add up, with += instead of =."""
    n = totals(encode, {k: texts[-1:] for k, texts in versions.items()})
    return {k: n[k] / n[base] for k in versions}


def wrong_running_total(encode, versions, base):
    """this equals adding each language's tokens to those of the languages before: begin again at 0
    for each."""
    n, total = {}, 0
    for k, texts in versions.items():
        total += sum(len(encode(text)) for text in texts)
        n[k] = total
    return {k: n[k] / n[base] for k in versions}


def wrong_sums_of_ids(encode, versions, base):
    """this equals adding up the ids themselves: count them, len(encode(text))."""
    n = {k: sum(sum(encode(text)) for text in texts) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_side_by_side(encode, versions, base):
    """this equals going through the paragraphs of the two languages side by side, as zip does,
    which ends with the shorter: count all paragraphs of each."""

    def own(texts):
        pairs = list(zip(texts, versions[base], strict=False))
        return sum(len(encode(t)) for t, _ in pairs) / sum(len(encode(b)) for _, b in pairs)

    return {k: own(texts) for k, texts in versions.items()}


def wrong_stripped(encode, versions, base):
    """this equals the paragraphs without the white space at their ends: encode each as it is."""
    n = totals(lambda text: encode(text.strip()), versions)
    return {k: n[k] / n[base] for k in versions}


def wrong_tokens_a_character(encode, versions, base):
    """this equals comparing tokens a character: the text is the same, so compare its tokens as they
    are."""
    n = totals(encode, versions)
    characters = {k: sum(map(len, texts)) for k, texts in versions.items()}
    return {k: n[k] / characters[k] / (n[base] / characters[base]) for k in versions}


def wrong_always_english(encode, versions, base):
    """this equals dividing by the tokens of English, whatever the base is: divide by those of
    base."""
    n = totals(encode, versions)
    return {k: n[k] / n["English"] for k in versions}


def wrong_each_paragraph_once(encode, versions, base):
    """this equals taking each paragraph once, as a set does: one that comes again counts again."""
    n = totals(encode, {k: set(texts) for k, texts in versions.items()})
    return {k: n[k] / n[base] for k in versions}


def wrong_longest_paragraph(encode, versions, base):
    """this equals comparing the paragraphs with the most tokens: add up those of all."""
    n = {k: max(len(encode(text)) for text in texts) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_list_written_out(encode, versions, base):
    """this equals encoding str(paragraphs), the list written out with its brackets and quotes:
    encode each paragraph by itself, and add up."""
    n = {k: len(encode(str(texts))) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_each_character(encode, versions, base):
    """this equals encoding each character by itself: encode each paragraph as a whole."""
    n = {k: sum(len(encode(c)) for t in texts for c in t) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_word_by_word(encode, versions, base):
    """this equals encoding each word by itself, without the white space: encode each paragraph as a
    whole."""
    n = {k: sum(len(encode(w)) for t in texts for w in t.split()) for k, texts in versions.items()}
    return {k: n[k] / n[base] for k in versions}


def wrong_shares(encode, versions, base):
    """this equals each language's share of all tokens: divide by those of the base."""
    n = totals(encode, versions)
    return {k: n[k] / sum(n.values()) for k in versions}


def wrong_numbers_of_paragraphs(encode, versions, base):
    """this equals comparing how many paragraphs there are: count their tokens."""
    return {k: len(versions[k]) / len(versions[base]) for k in versions}
