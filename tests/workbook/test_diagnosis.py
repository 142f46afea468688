"""What is said of a wrong answer that no catalogue knows: by hand-made outputs, a case each."""

from __future__ import annotations

import math

import pytest
import torch
from jaxtyping import Float

from minitransformer.workbook.grading import Case, grader
from minitransformer.workbook.grading.diagnosis import Trial, axes_of, diagnose
from minitransformer.workbook.grading.experiments import experiment, gives_two_results

A = torch.tensor([[0.5, -1.5, 2.25], [4.125, 0.0, -3.0], [1.75, 6.5, -0.75]])
B = torch.tensor([[3.5, -0.5, 1.25, 8.0], [0.25, 2.0, -5.0, 7.5], [1.5, 9.0, 4.75, -2.0]])
P = B.softmax(-1)
BATCH = torch.stack([B, B + 1, 2 * B])
NAN, INF = float("nan"), float("inf")


def put(x, place, value):
    """A copy of `x` with something else in one place."""
    out = x.clone()
    out[place] = value
    return out


def nans(x):
    return put(x, (0, 0), NAN)


UPPER = torch.ones(3, 3).triu().bool()

OF_ONE_TENSOR = [
    (3 * B, B, "Everything is 3 times what is expected."),
    (B / math.sqrt(8), B, "Everything is 0.3536 times what is expected."),
    (B / math.log(2), B, "1.443 times what is expected (a logarithm to base 2 in the place of"),
    (-B, B, "Every entry has the opposite sign."),
    (B + 0.5, B, "Every entry is 0.5 larger than expected."),
    (torch.arange(5), torch.arange(1, 6), "Every entry is 1 smaller than expected."),
    (0 * B, B, "Every entry found is 0: is what was computed ever put into the result?"),
    (0 * B + 7, B, "All entries found are the same number."),
    (A.mT, A, "This is the transpose of what is expected: rows and columns are swapped."),
    (B.mT.reshape(3, 4), B, "a reshape or view stands where a transpose is needed."),
    (B.flip(-1), B, "The right numbers are in the reverse order along the last axis."),
    (B.roll(1, -1), B, "Everything stands one place too late along the last axis"),
    (B.roll(-1, -1), B, "Everything stands one place too early along the last axis"),
    (B[:, [1, 0, 3, 2]], B, "The right numbers are in another order along the last axis."),
    (B[[1, 0, 2]], B, "The right numbers are in another order along the last axis but one."),
    (B.flatten().sort()[0].view(3, 4), B, "The right numbers are in other places."),
    (B.abs(), B, "Every entry is the absolute value of what is expected."),
    (B**2, B, "Every entry is the square of what is expected."),
    (P.log(), P, "Every entry is the logarithm of what is expected."),
    (P.sqrt(), P, "Every entry is the square root of what is expected."),
    (1 / P, P, "Every entry is 1 over what is expected."),
    (1 - P, P, "Every entry is 1 less what is expected."),
    (B.round(decimals=1) // 1, B, "cut down to whole numbers (// or int?)."),
    (P.round(decimals=2), P, "rounded to 2 decimals: keep all digits."),
    (B.relu(), B, "Every entry is what is expected with 0 for all that is negative."),
    (P.softmax(-1), P, "This is the softmax, along the last axis, of what is expected"),
    (B, P, "A softmax along the last axis is missing"),
    (B.exp(), P, "The sums along the last axis should be 1 and are not"),
    (B, B - B.mean(-1, keepdim=True), "The mean along the last axis is not taken away"),
    (B.cumsum(-1), B, "This is the running sum, along the last axis, of what is expected."),
    (B * torch.tensor([[2.0], [3.0], [5.0]]), B, "Each row is the expected one times a number"),
    (B[:1].expand(3, 4), B, "Along the last axis but one everything is alike: the first of"),
    (B.mean(0).expand(3, 4), B, "everything is alike: the mean of what is expected."),
    (put(B, 0, 99.0), B, "Only the first row differs."),
    (put(B, 2, 99.0), B, "Only the last row differs."),
    (put(B, (slice(None), 0), 99.0), B, "Only the first column differs."),
    (put(put(B, 1, 98.0), 2, 99.0), B, "Only the first row is right."),
    (put(BATCH, 1, BATCH[0] + BATCH[1] ** 2), BATCH, "axis -3 1 differs"),
    (torch.where(UPPER, A + A**2 + 1, A), A, "on the diagonal and above it"),
    (A + 9 * torch.eye(3), A, "It differs only on the diagonal"),
    (torch.where(B < 0, 0.1 * B**2, B), B, "only where a negative number is expected."),
    (nans(B), B, "1 of 12 entries are NaN (not a number), which 0/0, inf - inf"),
    (B * NAN, B, "Everything is NaN (not a number)"),
    (put(B, (0, 0), INF), B, "There is an infinity where a finite number is expected"),
    (put(A, (0, 1), -INF), put(A, (2, 2), -INF), "is it in the wrong place?"),
    (put(B, 0, -1e9), put(B, 0, -INF), "only where an infinity is expected: a large finite"),
    (P.bfloat16().float(), P, "the few digits of a 16-bit dtype: compute in float32."),
    (P * (1 + 0.004 * torch.sin(7 * P)), P, "Every entry is within 1 % of what is expected"),
]

OF_PLAIN_VALUES = [
    ([3, 2, 1], [1, 2, 3], "reverse order"),
    ([5, 6, 7, 8], [4, 5, 6, 7], "Every entry is 1 larger than expected."),
    ([2, 3], [1, 2, 3], "The first one is missing; the rest is right."),
    ([1, 2], [1, 2, 3], "The last one is missing; the rest is right."),
    ([0, 1, 2, 3], [1, 2, 3], "There is one too many in front; the rest is right."),
    ([1, 2, 3, 0], [1, 2, 3], "There is one too many at the end; the rest is right."),
    ([1], [1, 2, 3], "It is right as far as it goes, and ends too early."),
    ([1, 2, 3, 4, 5], [1, 2, 3], "It begins rightly, and does not end where it should."),
    (["b", "a", "c"], ["a", "b", "c"], "The right ones are there, in another order."),
    (["b", "a", "a"], ["a", "b"], "The right ones are there, but some too often."),
    (["a", "d"], ["a", "b", "d", "e"], "Some are missing; those that are there are right."),
    (["a", "x", "b", "y"], ["a", "b"], "Some should not be there; the rest is right."),
    ([["a"], ["b"]], ["a", "b"], "The parts stand in lists of their own: put them into one."),
    ([], [1, 2], "The result is empty: is what was found ever put into it?"),
    ("the cat ", "the cat", "Only the white space at the ends differs."),
    ("thecat", "the cat", "Only the white space differs."),
    ("The Cat", "the cat", "Only capitals and small letters differ."),
    ("cafe\u0301", "caf\u00e9", "It looks alike, and has other characters: print(ascii(...))"),
    ("'cat'", "cat", "There are quotation marks around it: is repr(...) taken of a text?"),
    ("tac", "cat", "The characters are in the reverse order."),
    (b"ca", b"cat", "The last of the bytes is missing."),
    ({("b", "a"): 1}, {("a", "b"): 1}, "The two parts of each key have changed places."),
    ({"a": 2, "b": 4, "c": 8}, {"a": 1, "b": 3, "c": 7}, "Of the values: every entry is 1 larger"),
    ({1: "a"}, {"a": 1}, "Keys and values have changed places."),
    ({"a": 1, "b": 0}, {"a": 1}, "The keys too many all hold nothing (0): leave those out."),
    ({"a": 1}, {"a": 1, "b": 2}, "Some keys are missing; what is there is right."),
    ({"a": 1, "b": 3}, {"a": 1, "b": 2}, "Only 'b' is wrong."),
    ((B, -A), (B, A), "Only value 2 is wrong. Every entry has the opposite sign."),
    ((-B, -A), (B, A), "Of each value: every entry has the opposite sign."),
    ((A, B), (B, A), "The two values have changed places."),
]


@pytest.mark.parametrize(("found", "expected", "said"), OF_ONE_TENSOR + OF_PLAIN_VALUES)
def test_what_an_output_is_to_the_right_one_is_said(found, expected, said):
    assert said in diagnose([Trial((), found, expected)])


@pytest.mark.parametrize(
    "trials",
    [
        pytest.param([(3 * B, B), (2 * A, A)], id="two factors, of which nothing is known"),
        pytest.param([(-B, B), (A + A**2, A)], id="true of one case only"),
        pytest.param([(torch.tensor([4.0]), torch.tensor([2.0]))], id="one number"),
        pytest.param([(B**2 + torch.sin(9 * B), B)], id="nothing known"),
        pytest.param([("cat", "dog")], id="another text"),
        pytest.param([([1, 7, 9], [4, 2, 3])], id="another list"),
    ],
)
def test_nothing_is_guessed(trials):
    said = diagnose([Trial((), *trial) for trial in trials])
    assert said == "" or said.startswith("On each case everything is what is expected times")


def test_a_factor_that_grows_with_an_axis_is_named_by_it():
    cases = [torch.ones(2, n) * torch.tensor([[1.0], [3.0]]) for n in (2, 5, 9)]
    trials = [Trial((x,), x * x.shape[-1] ** -0.5, x) for x in cases]
    assert diagnose(trials, ["x"]).endswith("where n is x.shape[-1].")
    assert "1 / (the root of n) times" in diagnose(trials, ["x"])


def test_an_input_that_comes_back_is_named():
    trials = [Trial((A, B), B, 2 * B), Trial((B, A), A, 2 * A)]
    assert diagnose(trials, ["x", "y"]).startswith("What comes back is y as it was handed in")


def test_an_input_that_makes_no_difference_is_named():
    trials = [Trial((B, A[0, :1]), 2 * B, 2 * B + A[0, :1])]
    said = experiment(trials, ["x", "b"], lambda x, b: 2 * x, lambda x, b: 2 * x + b)
    assert said == "The input b makes no difference to what comes back: is it used?"
    trials = [Trial((B, A[0, :1]), NAN * B, B)]
    assert experiment(trials, ["x", "b"], lambda x, b: NAN * x, lambda x, b: 2 * x + b) == ""
    trials = [Trial((B, A[0, :1]), 2 * B - A[0, :1], 2 * B + A[0, :1])]
    both = experiment(trials, ["x", "b"], lambda x, b: 2 * x - b, lambda x, b: 2 * x + b)
    assert both == ""


def test_a_result_that_differs_from_call_to_call_is_named():
    trials = [Trial((B,), torch.rand(3, 3), B)]
    said = gives_two_results(trials, lambda x: torch.rand(3, 3))
    assert said.startswith("Called twice with the same inputs, it gives two results: is a random")
    assert gives_two_results(trials, lambda x: [NAN * x, 2.0]) == ""


def kept_list(ids, out=[]):  # noqa: B006
    out.extend(ids)
    return out


def kept_dict(ids, seen={}):  # noqa: B006
    for id in ids:
        seen[id] = seen.get(id, 0) + 1
    return [seen[id] for id in ids]


def kept_tensor(ids, out=torch.zeros(9)):  # noqa: B008
    out[: len(ids)] += torch.tensor(ids)
    return out


@pytest.mark.parametrize("answer", [kept_list, kept_dict, kept_tensor])
def test_what_is_kept_in_a_default_argument_is_named_before_what_it_leads_to(answer):
    tensors = answer is kept_tensor
    copy = grader(
        "tiny.copy",
        cases=lambda seed: [Case("three", ([7, 5, 6],)), Case("two", ([4, 9],))],
        oracle=lambda ids: torch.tensor([*ids, *[0.0] * (9 - len(ids))]) if tensors else [*ids],
        tensors=tensors,
    )
    message = copy.climb(answer).message
    assert (
        "a list or dict kept from call to call, such as a default argument (`out=[]`)?" in message
    )
    assert message.count("?") == 1


def test_a_function_and_a_key_that_make_no_difference_are_named():
    def oracle(x, weights, turn):
        return turn(x) * weights["w"] + weights["v"]

    args = B, {"w": B[0], "v": B[1]}, torch.neg
    for answer, name in (
        (lambda x, weights, turn: x * weights["w"] + weights["v"], "turn"),
        (lambda x, weights, turn: turn(x) * weights["w"], 'weights["v"]'),
    ):
        trials = [Trial(args, answer(*args), oracle(*args))]
        said = experiment(trials, ["x", "weights", "turn"], answer, oracle)
        assert said == f"The input {name} makes no difference to what comes back: is it used?"


def test_inputs_that_have_changed_places_are_named():
    def oracle(x, w, v):
        return x * w - v

    args = B, B[0], B[1]
    trials = [Trial(args, oracle(B, B[1], B[0]), oracle(*args))]
    said = experiment(trials, ["x", "w", "v"], lambda x, w, v: x * v - w, oracle)
    assert said == "With w and v exchanged it would be right: they have changed places."


def test_outputs_that_cannot_be_computed_with_are_no_fault_of_the_graders():
    for found in (
        B.to("meta"),
        B.to_sparse(),
        B.to(torch.complex64),
        torch.nn.Linear(2, 2),
        object(),
    ):
        assert diagnose([Trial((B,), found, B)], ["x"]) == ""
        message = shifted().climb(lambda x, b, found=found: found).message
        assert "expected a floating-point tensor of shape [3, 3], found" in message


def shifted(**more):
    return grader(
        "tiny.add",
        cases=lambda seed: [Case("plain", (A, A[0])), Case("nothing to add", (A, 0 * A[0]))],
        oracle=lambda x, b: x + b,
        **more,
    )


def test_the_message_is_made_of_case_difference_diagnosis_and_one_step():
    message = shifted().climb(lambda x, b: put(x + b, 2, 0.0)).message
    assert message.splitlines()[0] == "on the case 'plain', 3 of 9 entries differ, marked *:"
    assert message.splitlines()[-4:-1] == [
        "  [[1,     -3,    4.5],",
        "   [4.625, -1.5, -0.75],",
        "   [0*,     0*,   0*]]",
    ]
    assert message.splitlines()[-1].startswith("Only the last row differs. Which line does that?")


def test_the_cases_that_are_right_are_counted():
    message = shifted().climb(lambda x, b: x).message
    assert "The other case is right." in message
    assert "What comes back is x as it was handed in" in message


def test_a_diagnosis_comes_of_all_cases_also_where_the_one_by_hand_fails():
    def by_hand(answer):
        from minitransformer.workbook.grading import expect_close

        expect_close(answer(torch.ones(2), torch.ones(2)), 2 * torch.ones(2), "1 + 1")

    verdict = shifted(by_hand=by_hand).climb(lambda x, b: -(x + b))
    assert verdict.rung == "by hand"
    assert "Every entry has the opposite sign. The steps stand in the text above" in verdict.message
    verdict = shifted(by_hand=by_hand).climb(lambda x, b: -(x + b) if x.ndim > 1 else x)
    assert "On the other cases every entry has the opposite sign." in verdict.message


def test_what_is_true_of_a_long_list_is_true_of_one_that_comes_out_empty():
    trials = [Trial((), [1, 2], [1, 2, 3]), Trial((), [], [4])]
    assert diagnose(trials) == "The last one is missing; the rest is right."
    trials = [Trial((), "ca", "cat"), Trial((), "", "c")]
    assert diagnose(trials) == "The last of the characters is missing."


def test_axes_have_the_names_of_the_annotation():
    def answer(x): ...

    answer.__annotations__["return"] = Float[torch.Tensor, "... pos d_model"]
    axes = axes_of(answer)
    assert axes == ["pos", "d_model"]
    wrong = put(put(BATCH, (slice(None), 0), 0.0), (slice(None), 0), 99.0)
    assert diagnose([Trial((), wrong, BATCH)], (), axes) == "Only the first pos differs."
    said = diagnose([Trial((), B, P)], (), axes)
    assert said.startswith("A softmax along d_model is missing")
    assert axes_of(lambda x: x) == []


def test_a_slow_answer_is_not_called_again_to_say_more(monkeypatch):
    from minitransformer.workbook.grading import ladder

    assert "opposite sign" in shifted().climb(lambda x, b: -(x + b)).message
    monkeypatch.setattr(ladder, "_PATIENCE", 0.0)
    message = shifted().climb(lambda x, b: -(x + b)).message
    assert "opposite sign" not in message
    assert "every entry differs" in message
