"""Replaced functions are noticed; what torch does to itself is not held against an answer."""

from __future__ import annotations

import builtins

import pytest
import torch


@pytest.mark.parametrize(
    ("where", "name", "said"),
    [
        (torch, "allclose", "torch.allclose"),
        (torch.nn.functional, "softmax", "torch.nn.functional.softmax"),
        (torch.Tensor, "sum", "Tensor.sum"),
        (builtins, "abs", "builtins.abs"),
    ],
)
def test_a_replaced_function_is_named(monkeypatch, where, name, said):
    from minitransformer.workbook.grading.guard import Guard

    watch = Guard()
    assert watch.replaced() == ""
    monkeypatch.setattr(where, name, lambda *_: True)
    assert watch.replaced() == said


def test_what_torch_swaps_by_itself_is_no_offence():
    from minitransformer.workbook.grading.guard import Guard

    watch = Guard()
    torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(2))
    torch.set_default_dtype(torch.float64)
    try:
        assert watch.replaced() == ""
    finally:
        torch.set_default_dtype(torch.float32)
