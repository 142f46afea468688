"""The ladder: which rung an answer fails at, and that other right answers pass."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch


@pytest.fixture
def climb(project):
    """`climb(id, answer)`: the verdict of the made-up chapter's grader, with its catalogue."""
    from minitransformer.workbook.grading import catalogue

    chapter = project.chapter("tiny")
    module = catalogue.load_module(project.grader(chapter), "tiny_graders")
    graders = catalogue.graders(module)

    def climb(id, answer, seed=0):
        wrong = catalogue.wrong_answers(project.wrong(chapter), id.partition(".")[2])
        return graders[id].climb(answer, seed, wrong)

    return climb


def loop(x):
    out = torch.zeros(x.shape, dtype=torch.float64)
    for i in range(x.shape[0]):
        out[i] = x[i] * 2
    return out


def with_another_name(tensor, times=2):
    return tensor * times


class Doubler:
    def __call__(self, x):
        return x + x


@pytest.mark.parametrize("answer", [loop, with_another_name, Doubler(), lambda *a: 2 * a[0]])
def test_other_right_answers_pass(climb, answer):
    verdict = climb("tiny.double", answer)
    assert verdict.passed, verdict.message
    assert verdict.held == (
        "signature",
        "shape and dtype",
        "inputs unchanged",
        "by hand",
        "values",
        "twice x less x is x",
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_any_floating_dtype_passes(climb, dtype):
    assert climb("tiny.total", lambda x: x.sum(-1).to(dtype)).passed
    verdict = climb("tiny.total", lambda x: (x.sum(-1) + 0.1).to(dtype))
    assert verdict.rung == "values"


def stub(x):
    raise NotImplementedError


def half_done(x):
    if x.ndim > 1:
        return 2 * x
    raise NotImplementedError


FAILING = {
    "not callable": (3, "callable", "double is not a function; it is int"),
    "two arguments": (
        lambda x, y: x,
        "signature",
        "called with 1 argument (x); yours takes (x, y)",
    ),
    "none": (lambda x: None, "shape and dtype", "nothing was returned: does every way"),
    "shape": (lambda x: x[0], "shape and dtype", "expected shape [2, 3], found [3]"),
    "dtype": (lambda x: (2 * x).int(), "shape and dtype", "found a tensor of torch.int32"),
    "input": (lambda x: x.add_(x) - 1, "inputs unchanged", "a copy, x.clone(), or"),
    "by hand": (lambda x: 3 * x, "by hand", "expected [3, 6], found [4.5, 9]"),
    "values": (lambda x: 2 * x.abs(), "values", "on the case 'two rows of three'"),
    "raises": (lambda x: x / "2", "shape and dtype", "double raised TypeError on the case"),
    "half done": (half_done, "by hand", "double still raises NotImplementedError"),
    "not a number": (lambda x: x * float("nan"), "by hand", "found [nan, nan]"),
}


@pytest.mark.parametrize("name", FAILING)
def test_each_rung_says_what_it_found(climb, name):
    answer, rung, sentence = FAILING[name]
    verdict = climb("tiny.double", answer)
    assert (verdict.status, verdict.rung, verdict.catalogued) == ("failed", rung, False)
    assert sentence in verdict.message


def test_a_stub_is_not_done_yet(climb):
    for id in ("tiny.double", "tiny.largest"):
        verdict = climb(id, stub)
        assert (verdict.status, verdict.message, verdict.held) == ("todo", "not done yet", ())


def test_a_catalogued_mistake_gets_its_sentence(climb):
    def in_place(x):
        x *= 2
        return x

    assert climb("tiny.double", lambda x: x / 2).message.startswith("This is half of x")
    assert climb("tiny.double", in_place).message.startswith("This doubles the caller's own tensor")
    assert climb("tiny.double", in_place).catalogued


def test_a_property_is_asked_after_the_values(climb):
    def only_on_the_case(x):
        return 2 * x if x.shape != (2, 3) or calls.append(1) or len(calls) < 4 else x

    calls: list[int] = []
    verdict = climb("tiny.double", only_on_the_case)
    assert verdict.rung == "twice x less x is x"
    assert verdict.held[-1] == "values"


def test_evidence_is_judged_by_its_predicate(climb):
    assert climb("tiny.largest", lambda x: (int(x.argmax()), float(x.max()))).passed
    verdict = climb("tiny.largest", lambda x: (0, float(x[0])))
    assert (verdict.rung, verdict.status) == ("evidence", "failed")
    assert "the evidence does not hold" in verdict.message
    assert "cannot be used" in climb("tiny.largest", lambda x: 4).message


def test_another_seed_gives_other_cases_and_is_kept(climb):
    assert climb("tiny.double", lambda x: 2 * x, seed=7).seed == 7


INF = float("inf")


@pytest.mark.parametrize(
    ("found", "expected", "problem"),
    [
        (torch.tensor([-INF]), torch.tensor([-INF]), ""),
        (torch.tensor([-1e9]), torch.tensor([-INF]), "expected [-inf], found [-1e+09]"),
        (torch.tensor([0.0]), torch.tensor([float("nan")]), "expected [nan], found [0]"),
        (1.0 + 1e-9, 1.0, ""),
        (2, 2.0, ""),
        (True, 1, "expected a number, found a bool"),
        ((1, 2), (1, 3), "expected (1, 3), found (1, 2)"),
        ((1, 2), (1, 2, 3), "expected 3 values, found 2"),
        ({"a": 1}, {"b": 1}, "expected {'b': 1}, found {'a': 1}"),
        ("ab", "ac", "expected 'ac', found 'ab'"),
        (torch.zeros(30), torch.ones(30), "every entry differs; the first is at [0]: expected 1"),
    ],
)
def test_values_are_compared_to_rounding(found, expected, problem):
    from minitransformer.workbook.grading import Wrong, expect_close

    if not problem:
        expect_close(found, expected, "it")
    else:
        with pytest.raises(Wrong) as caught:
            expect_close(found, expected, "it")
        assert str(caught.value).startswith("it: ")
        assert problem in str(caught.value)


IDS = list(range(100, 200))
PAIRS = {(i, i + 1): i for i in range(60)}


@pytest.mark.parametrize(
    ("found", "expected", "problem"),
    [
        ([1, 2, 3], [1, 3, 2], "expected [1, 3, 2], found [1, 2, 3]"),
        ([1, 2], [1, 2, 3], "expected [1, 2, 3], found [1, 2]"),
        ([[1], [2]], [1, 2], "value 1: expected a number, found a list"),
        (IDS, [*IDS[:50], 7, *IDS[51:]], "the first difference is at [50]: expected […, 146, "),
        (IDS[:99], IDS, "found […, 195, 196, 197, 198] (expected 100 in all, found 99)"),
        ((1, 2), [1, 2], "expected a list, found a tuple: list(...) makes a list of it"),
        ((i for i in (1, 2)), [1, 2], "found a generator: list(...) makes a list of it"),
        ({1: 2}.keys(), [1], "found a dict_keys: list(...) makes a list of it"),
        (np.array([1, 2]), [1, 2], "found a numpy array: .tolist() makes a list of it"),
        (torch.tensor(1), 1, "of shape []: .item() makes a number of it, if it holds one"),
        ([np.int64(1), np.int32(2)], [1, 2], ""),
        ((np.float64(0.5), np.int64(2)), (0.5, 2.0), ""),
        ({(np.int64(1), 2): 3}, {(1, 2): np.int64(3)}, ""),
        (20_001, 20_000, "expected 20000, found 20001"),
        ([20_001], [20_000], "expected [20000], found [20001]"),
        (torch.tensor([20_001]), torch.tensor([20_000]), "expected [20000], found [20001]"),
        (1.23456, 1.234, "expected 1.234, found 1.235"),
        (1.23441, 1.2342, "expected 1.2342, found 1.23441"),
        (float("nan"), float("nan"), ""),
        (-1e9, -INF, "expected -inf, found -1e+09"),
        (b"ab", "ab", 'expected a str, found bytes: .decode("utf-8") makes a str of it'),
        ("ab", b"ab", 'expected bytes, found a str: .encode("utf-8") makes bytes of it'),
        ([b"ab"], [b"ac"], "expected [b'ac'], found [b'ab']"),
        (b"\xc3", b"\xc3\xa9", "expected b'\\xc3\\xa9', found b'\\xc3'"),
        ("a" * 300 + "b", "a" * 301, "the first difference is at [300]: expected …'aaaaa'"),
        (Counter("ab"), {"a": 1, "b": 1}, ""),
        (Counter("aab"), {"a": 1, "b": 1}, "expected {'a': 1, 'b': 1}, found {'a': 2, 'b': 1}"),
        ({(1, 2): 1, "x": 2}, {(1, 2): 1}, "expected {(1, 2): 1}, found {(1, 2): 1, 'x': 2}"),
        (dict(list(PAIRS.items())[1:]), PAIRS, "the key (0, 1) is missing (1 of 60 are)"),
        (PAIRS | {"x": 1}, PAIRS, "the key 'x' should not be there (1 should not)"),
        (PAIRS | {(5, 6): 9}, PAIRS, "at the key (5, 6): expected 5, found 9"),
        ([torch.zeros(2)], [torch.ones(2)], "value 1: expected [1, 1], found [0, 0]"),
        ([None], [1], "value 1: nothing was returned"),
        ([], [], ""),
        ({}, {}, ""),
    ],
)
def test_lists_dicts_text_and_bytes_are_shown_with_where_they_part(found, expected, problem):
    from minitransformer.workbook.grading import Wrong, expect_close
    from minitransformer.workbook.grading.compare import agree

    if not problem:
        expect_close(found, expected, "it")
        assert agree(found, expected)
    else:
        with pytest.raises(Wrong) as caught:
            expect_close(found, expected, "it")
        assert problem in str(caught.value)
        assert len(str(caught.value)) < 500


def plainly():
    """A grader whose values are lists, not tensors."""
    from minitransformer.workbook.grading import Case, grader

    return grader(
        "tiny.backwards",
        cases=lambda seed: [Case("three", ([1, 2, 3],)), Case("none", ([],))],
        oracle=lambda ids: ids[::-1],
        tensors=False,
    )


@pytest.mark.parametrize(
    ("answer", "rung", "sentence"),
    [
        (reversed, "type of the result", "list(...) makes a list of it."),
        (lambda ids: 7, "type of the result", "of what type it is"),
        (lambda ids: ids.reverse() or ids, "inputs unchanged", "work on a copy, list(ids)"),
        (lambda ids: [*ids], "values", "What comes back is ids as it was handed in"),
    ],
)
def test_where_there_are_no_tensors_the_advice_speaks_of_none(answer, rung, sentence):
    verdict = plainly().climb(answer)
    assert verdict.rung == rung
    assert sentence in verdict.message
    assert "tensor" not in verdict.message


def raise_counts(given):
    for key in given:
        given[key] += 1


def raise_inside(given):
    given[0].append(1)


def take_away(given):
    given.pop(next(iter(given)))


@pytest.mark.parametrize(
    ("change", "given", "sentence"),
    [
        (raise_counts, {"a": 1}, "work on a copy, dict(given), and leave"),
        (take_away, {"a": [1]}, "work on a copy, dict(given), and leave"),
        (raise_inside, [[1], [2]], "work on a copy, copy.deepcopy(given), and leave"),
        (raise_counts, {"a": torch.ones(2)}, "was changed by the call. Work on a copy"),
        (torch.Tensor.zero_, torch.ones(2), "copy, given.clone(), or compute a new tensor"),
    ],
)
def test_what_was_changed_is_told_how_it_is_copied(change, given, sentence):
    from minitransformer.workbook.grading import Case, grader

    same = grader("tiny.same", cases=lambda _: [Case("one", (given,))], oracle=lambda given: 1)
    verdict = same.climb(lambda given: [change(given), 1][1])
    assert verdict.rung == "inputs unchanged"
    assert sentence in verdict.message


def test_a_grader_is_given_cases_or_a_predicate():
    from minitransformer.workbook.grading import grader

    with pytest.raises(ValueError, match="expected cases and an oracle, or a predicate"):
        grader("tiny.double")
    with pytest.raises(ValueError, match="has a predicate, no cases"):
        grader("tiny.double", cases=lambda seed: [], predicate=lambda answer, seed: None)


def test_a_function_whose_signature_cannot_be_read_is_judged_by_what_it_does():
    class Compiled:
        __signature__ = "nothing that inspect understands"

        def __call__(self, ids):
            return ids[::-1]

    assert plainly().climb(Compiled()).passed
