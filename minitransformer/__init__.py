"""A small, readable transformer whose inside is all in the open.

Read the files in this order: config, taps, kv, stream, cache; bpe, chunks, tokenizer;
embedding, rotary, normalization, mlp, attention; transformer; families, folder, vocabulary,
gguf, checksum, sources, fetch, pretrained; sampling, generation, write; interventions, attribution,
circuits, folding.
"""

from minitransformer.config import Config
from minitransformer.kv import KVCache
from minitransformer.taps import NO_TAP, Tap
from minitransformer.transformer import Transformer

__all__ = ["NO_TAP", "Config", "KVCache", "Tap", "Transformer"]
