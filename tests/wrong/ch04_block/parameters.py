"""Wrong answers for block.parameters; each docstring is the sentence that its writer is told."""

from __future__ import annotations


def count(
    config,
    kv_heads=None,
    width=None,
    gated_biases=False,
    attention_biases=True,
    mlp_biases=True,
    output_bias=True,
    kv_biases=True,
    factor=None,
    norms_a_layer=None,
    final=1,
    norm_size=None,
    layers=None,
    tied=None,
    positions=None,
    in_total=lambda part: True,
):
    """The count of the exercise, in which each part can be got wrong."""
    d_model, n_layers = config.d_model, config.n_layers if layers is None else layers
    q = config.n_heads * config.d_head if width is None else width
    kv = (kv_heads or config.n_kv_heads) * config.d_head
    attention = 2 * d_model * (q + kv)
    if config.bias and attention_biases:
        attention += q + 2 * kv * kv_biases + d_model * output_bias
    mlp, per_layer = 0, 1
    if config.d_mlp is not None:
        per_layer = 2
        mlp = (factor or (3 if config.gated else 2)) * d_model * config.d_mlp
        if config.bias and mlp_biases and (gated_biases or not config.gated):
            mlp += config.d_mlp + d_model
    n_norms = n_layers * (norms_a_layer or per_layer) + final
    size = {"layer": 2, "rms": 1, None: 0} if norm_size is None else norm_size
    learned = config.positions == "learned" if positions is None else positions(config)
    is_tied = config.tied if tied is None else tied
    counts = {
        "embedding": config.d_vocab * d_model,
        "positions": config.n_ctx * d_model * learned,
        "attention": n_layers * attention,
        "mlp": n_layers * mlp,
        "norms": n_norms * d_model * size[config.norm],
        "unembedding": 0 if is_tied else d_model * config.d_vocab,
    }
    return counts | {"total": sum(n for part, n in counts.items() if in_total(part))}


def wrong_one_layer(config):
    """this equals the parameters of one layer: multiply attention, MLP and their norms by
    n_layers."""
    return count(config, layers=1)


def wrong_sets_ignored(config):
    """this equals keys and values for every head: W_K and W_V have n_kv_heads sets."""
    return count(config, kv_heads=config.n_heads)


def wrong_all_in_sets(config):
    """this equals queries and outputs for every set of keys and values: W_Q and W_O have n_heads
    heads."""
    return count(config, width=config.n_kv_heads * config.d_head)


def wrong_heads_fill_the_stream(config):
    """this equals queries as wide as the stream: n_heads * d_head need not be d_model, so use the
    former."""
    return count(config, width=config.d_model)


def wrong_tied_counted_twice(config):
    """this equals an unembedding counted although it is tied: it is the embedding, which is counted
    already, so 0."""
    return count(config, tied=False)


def wrong_always_tied(config):
    """this equals an unembedding that is never counted: it is 0 only where config.tied says so."""
    return count(config, tied=True)


def wrong_gate_forgotten(config):
    """this equals MLPs of two matrices: a gated one has W_gate too."""
    return count(config, factor=2)


def wrong_always_gated(config):
    """this equals MLPs of three matrices: a plain one has no W_gate."""
    return count(config, factor=3)


def wrong_gated_with_biases(config):
    """this equals biases in gated MLPs: they have none, whatever config.bias says."""
    return count(config, gated_biases=True)


def wrong_no_biases(config):
    """this equals a model without biases: with config.bias attention has them, and so have plain
    MLPs."""
    return count(config, attention_biases=False, mlp_biases=False)


def wrong_no_biases_in_attention(config):
    """this equals attention without biases: with config.bias queries, keys, values and the output
    have one each."""
    return count(config, attention_biases=False)


def wrong_no_biases_in_mlps(config):
    """this equals plain MLPs without biases: with config.bias they have d_mlp + d_model more."""
    return count(config, mlp_biases=False)


def wrong_no_output_bias(config):
    """this equals attention without the bias of its output: it has d_model numbers."""
    return count(config, output_bias=False)


def wrong_no_biases_of_keys_and_values(config):
    """this equals attention with biases of queries and output alone: keys and values have them
    too, n_kv_heads * d_head each."""
    return count(config, kv_biases=False)


def wrong_no_last_norm(config):
    """this equals the norms of the blocks: there is one more at the end of the model."""
    return count(config, final=0)


def wrong_one_norm_a_layer(config):
    """this equals one norm a block: with MLPs there are two, one before each part."""
    return count(config, norms_a_layer=1)


def wrong_two_norms_always(config):
    """this equals two norms a block also where there are no MLPs: there it is one."""
    return count(config, norms_a_layer=2)


def wrong_norms_without_shift(config):
    """this equals norms of d_model weights each: a LayerNorm has twice as many, w and b."""
    return count(config, norm_size={"layer": 1, "rms": 1, None: 0})


def wrong_norms_with_shift(config):
    """this equals norms of two weights for each coordinate: an RMSNorm has only w."""
    return count(config, norm_size={"layer": 2, "rms": 2, None: 0})


def wrong_shift_is_a_bias(config):
    """this equals LayerNorms whose b depends on config.bias: they have it always."""
    return count(config, norm_size={"layer": 2 if config.bias else 1, "rms": 1, None: 0})


def wrong_norms_where_there_are_none(config):
    """this equals norms counted for a model without them: with config.norm None there are none."""
    return count(config, norm_size={"layer": 2, "rms": 1, None: 1})


def wrong_positions_always(config):
    """this equals a vector for each position in every model: only learned positions have them."""
    return count(config, positions=lambda config: True)


def wrong_rotary_counted(config):
    """this equals rotary positions with parameters: they are computed, not learned, so 0."""
    return count(config, positions=lambda config: config.positions is not None)


def wrong_no_positions(config):
    """this equals a model without learned positions: where config.positions is "learned", W_pos has
    n_ctx * d_model."""
    return count(config, positions=lambda config: False)


def wrong_total_without_embeddings(config):
    """this equals a total without the embedding: it is the sum of all six parts."""
    return count(config, in_total=lambda part: part != "embedding")


def wrong_total_of_the_blocks(config):
    """this equals a total of attention and MLPs alone: it is the sum of all six parts."""
    return count(config, in_total=lambda part: part in ("attention", "mlp"))


def wrong_biases_of_every_head(config):
    """this equals a key's and a value's bias for each query head: there is one for each set, so
    count n_kv_heads."""
    counts = count(config)
    more = 2 * (config.n_heads - config.n_kv_heads) * config.d_head * config.n_layers * config.bias
    return counts | {part: counts[part] + more for part in ("attention", "total")}


def wrong_output_bias_of_the_heads(config):
    """this equals an output bias as wide as the heads side by side: the output has d_model
    numbers."""
    counts = count(config)
    more = (config.n_heads * config.d_head - config.d_model) * config.n_layers * config.bias
    return counts | {part: counts[part] + more for part in ("attention", "total")}


def wrong_attention_of_one_layer(config):
    """this equals the attention and the MLP of one block: multiply by n_layers."""
    counts, one = count(config), count(config, layers=1)
    counts |= {part: one[part] for part in ("attention", "mlp")}
    return counts | {"total": sum(n for part, n in counts.items() if part != "total")}


def wrong_three_norms_a_layer(config):
    """this equals one norm too many in each block: the one at the end stands once, after all
    blocks."""
    per_layer = 2 if config.d_mlp is None else 3
    return count(config, norms_a_layer=per_layer, final=0)
