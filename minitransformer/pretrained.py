"""Weights that others trained, under our names.

Reads GGUF (Llama-shaped, as llama.cpp writes it) and safetensors; never pickle. De-quantising
a GGUF takes seconds, so the first load leaves float32 safetensors beside it, and later loads
map those into memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from minitransformer.config import PRESETS, Config
from minitransformer.fetch import FetchError, cache_dir, fetch, source
from minitransformer.rotary import Rotary
from minitransformer.tokenizer import PATTERNS, Tokenizer, bytes_of_gpt2_token
from minitransformer.transformer import Transformer

# Part of the derived files' names: raise it when what we write into them changes.
LOADER_VERSION = 1


def load(
    name: str, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> Transformer:
    """A pretrained model by name, ready to run.

    >>> model = load("smollm2-135m-instruct")                             # doctest: +SKIP

    The first call fetches the file (about 100 MB, checked against its SHA-256) and needs a
    network; later calls need none and take well under a second. Raises KeyError for an
    unknown name and FetchError when the file cannot be had or is not what it should be.
    """
    weights, _ = prepare(name)
    config = PRESETS[name]
    with torch.device("meta"):  # shapes without memory: the weights come from the file
        model = Transformer(config)
    with safe_open(weights, framework="pt") as file:
        names = file.keys()
        state = {name: file.get_tensor(name).to(device, dtype) for name in names}
    install(model, state)
    return model.eval().requires_grad_(False)


def load_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a pretrained model, by the model's name; touches no weights."""
    _, path = prepare(name)
    vocabulary = json.loads(path.read_text(encoding="utf-8"))
    return Tokenizer(
        ranks={bytes.fromhex(token): rank for token, rank in vocabulary["ranks"].items()},
        special=vocabulary["special"],
        pattern=PATTERNS[vocabulary["pre"]],
    )


def prepare(name: str) -> tuple[Path, Path]:
    """The derived weights and vocabulary of a model, made from its GGUF if they are not there."""
    wanted = source(name)
    stem = f"{name}-{wanted.sha256[:12]}-v{LOADER_VERSION}"
    weights = cache_dir() / f"{stem}.safetensors"
    vocabulary = cache_dir() / f"{stem}.vocabulary.json"
    if not (vocabulary.exists() and readable(weights)):
        convert(fetch(name), PRESETS[name], weights, vocabulary)
    return weights, vocabulary


def install(model: Transformer, state: dict[str, Tensor]) -> None:
    """Give a model (made on the meta device) its weights; raises ValueError if they do not fit."""
    expected = {key: tuple(value.shape) for key, value in model.named_parameters()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    wrong = [
        f"{key}: expected {expected.get(key, 'none')}, got {found.get(key, 'none')}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    if wrong:
        more = f" (and {len(wrong) - 5} more)" if len(wrong) > 5 else ""
        raise ValueError("these weights have another shape: " + "; ".join(wrong[:5]) + more)
    model.load_state_dict(state, assign=True, strict=False)  # strict: checked above, tied once
    if model.config.tied:
        model.unembed.w_u = model.embed.w_e
    for module in model.modules():
        if isinstance(module, Rotary):  # its tables are computed, not stored
            module.cos, module.sin = (t.to(model.W_E.device) for t in module.tables())


def readable(path: Path) -> bool:
    """Whether a derived file is there and whole; a broken one is made again, not trusted."""
    try:
        with safe_open(path, framework="pt"):
            return True
    except (OSError, SafetensorError):
        return False


def convert(gguf_path: Path, config: Config, weights: Path, vocabulary: Path) -> None:
    """De-quantise a Llama-shaped GGUF: float32 safetensors under our names, and a vocabulary."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    print("Reading the model for the first time (a few seconds, once)", file=sys.stderr)
    reader = GGUFReader(gguf_path)
    state = {}
    for tensor in tqdm(reader.tensors, desc="De-quantising", unit="tensor", leave=False):
        name = our_name(tensor.name)
        value = dequantize(tensor.data, tensor.tensor_type)
        if name.endswith(("w_q", "w_k")):
            value = unpermute(value, config.d_head)
        state[name] = torch.from_numpy(np.array(value, dtype=np.float32))
    metadata = {"source": gguf_path.name, "loader": str(LOADER_VERSION)}
    write_whole(weights, lambda path: save_file(state, path, metadata))
    text = json.dumps(read_vocabulary(reader))
    write_whole(vocabulary, lambda path: path.write_text(text, encoding="utf-8"))


PARTS = {
    "token_embd": "embed.w_e",
    "output_norm": "final_norm.w",
    "attn_norm": "attn_norm.w",
    "attn_q": "attn.w_q",
    "attn_k": "attn.w_k",
    "attn_v": "attn.w_v",
    "attn_output": "attn.w_o",
    "ffn_norm": "mlp_norm.w",
    "ffn_gate": "mlp.w_gate",
    "ffn_up": "mlp.w_in",
    "ffn_down": "mlp.w_out",
}


def our_name(name: str) -> str:
    """A GGUF tensor's name in ours.

    >>> our_name("blk.3.attn_q.weight"), our_name("token_embd.weight")
    ('blocks.3.attn.w_q', 'embed.w_e')
    """
    *path, part, _ = name.split(".")
    return ".".join(["blocks", path[1], PARTS[part]] if path else [PARTS[part]])


def unpermute(w: np.ndarray, d_head: int) -> np.ndarray:
    """Rows of a query or key matrix, from interleaved rotary pairs to half-split ones.

    GGUF files of Llama shape store pair i of a head in rows 2i and 2i + 1; ours are rows i and
    i + d_head / 2.
    """
    pairs = w.reshape(-1, d_head // 2, 2, w.shape[1])
    return pairs.swapaxes(1, 2).reshape(w.shape)


def read_vocabulary(reader: Any) -> dict[str, Any]:
    """The tokenizer of a GGUF: each token's bytes and rank, the special ones, the pre-tokenizer."""

    def field(name: str) -> Any:
        return reader.fields[f"tokenizer.ggml.{name}"].contents()

    pre = field("pre")
    if pre not in PATTERNS:
        raise ValueError(f'pre-tokenizer: expected one of {list(PATTERNS)}, got "{pre}"')
    tokens, types = field("tokens"), field("token_type")
    control = 3  # llama.cpp's type of a token that stands for no text
    ranks = {
        bytes_of_gpt2_token(token).hex(): rank
        for rank, (token, type_) in enumerate(zip(tokens, types, strict=True))
        if type_ != control
    }
    special = {
        t: i for i, (t, type_) in enumerate(zip(tokens, types, strict=True)) if type_ == control
    }
    return {"ranks": ranks, "special": special, "pre": pre}


def write_whole(path: Path, write: Any) -> None:
    """Write a file under a temporary name and rename it: it is there whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(Path(temporary))
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `minitransformer fetch`."""
    parser.add_argument("name", nargs="?", default="smollm2-135m-instruct", help="the model")


def run(args: argparse.Namespace) -> int:
    """`minitransformer fetch`: make a model ready to be used without a network."""
    try:
        prepare(args.name)
    except (FetchError, KeyError) as error:
        print(error.args[0], file=sys.stderr)
        return 1
    print(f"{args.name} is ready in {cache_dir()}")
    return 0
