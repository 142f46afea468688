"""Wrong answers for generation.unembed; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def rms(x, eps, dim=-1):
    return (x.pow(2).mean(dim=dim, keepdim=True) + eps).sqrt()


def wrong_no_norm(x, w, W_U, eps=1e-5):
    """this equals the unembedding without the norm: divide each position by the root of its mean
    square first, with your rms_norm."""
    return x @ W_U


def wrong_no_norm_but_w(x, w, W_U, eps=1e-5):
    """this equals the stream times w, unembedded without the division by the root of its mean
    square: use your rms_norm whole."""
    return (x * w) @ W_U


def wrong_without_w(x, w, W_U, eps=1e-5):
    """this equals the logits without the norm's own weights: multiply the normalised stream by w
    before the unembedding."""
    return x / rms(x, eps) @ W_U


def wrong_eps_left_out(x, w, W_U, eps=1e-5):
    """this equals the logits with eps always 1e-5: hand the eps that you are given on to the
    norm."""
    return (x / rms(x, 1e-5) * w) @ W_U


def wrong_mean_subtracted(x, w, W_U, eps=1e-5):
    """this equals LayerNorm in the place of RMSNorm: do not subtract the mean."""
    x = x - x.mean(dim=-1, keepdim=True)
    return (x / rms(x, eps) * w) @ W_U


def wrong_norm_over_positions(x, w, W_U, eps=1e-5):
    """this equals a norm taken over all positions of a text together: each position has a mean
    square of its own."""
    return (x / rms(x, eps, dim=(1, 2)) * w) @ W_U


def wrong_norm_last(x, w, W_U, eps=1e-5):
    """this equals unembedding first and normalising the logits: the norm comes before W_U."""
    logits = (x * w) @ W_U
    return logits / rms(logits, eps)


def wrong_probabilities(x, w, W_U, eps=1e-5):
    """this equals the probabilities: return the logits, without a softmax."""
    return ((x / rms(x, eps) * w) @ W_U).softmax(dim=-1)


def wrong_log_probabilities(x, w, W_U, eps=1e-5):
    """this equals the log-probabilities: return the logits, without a log_softmax."""
    return ((x / rms(x, eps) * w) @ W_U).log_softmax(dim=-1)


def wrong_w_twice(x, w, W_U, eps=1e-5):
    """this equals the weights w applied twice: your rms_norm multiplies by them already."""
    return (x / rms(x, eps) * w * w) @ W_U


def wrong_sum_of_squares(x, w, W_U, eps=1e-5):
    """this equals a division by the root of the sum of squares: it is their mean that the norm
    takes, mine("block.rms_norm") does it."""
    return (x / (x.pow(2).sum(dim=-1, keepdim=True) + eps).sqrt() * w) @ W_U


def wrong_half_for_root(x, w, W_U, eps=1e-5):
    """this equals a division by half the mean square: ** 1/2 is (** 1) / 2, the root is ** 0.5."""
    return (x / (rms(x, eps).pow(2) / 2) * w) @ W_U


def wrong_half_after_division(x, w, W_U, eps=1e-5):
    """this equals a division by the mean square, and then by 2: x / a ** 1/2 is (x / a) / 2, the
    root is a ** 0.5."""
    return (x / rms(x, eps).pow(2) / 2 * w) @ W_U


def wrong_root_left_out(x, w, W_U, eps=1e-5):
    """this equals a division by the mean square itself: divide by its root."""
    return (x / rms(x, eps).pow(2) * w) @ W_U


def wrong_eps_outside_the_root(x, w, W_U, eps=1e-5):
    """this equals eps added to the root: add it to the mean square, before the root is taken."""
    return (x / (rms(x, 0) + eps) * w) @ W_U


def wrong_one_norm_for_all(x, w, W_U, eps=1e-5):
    """this equals one mean square of all texts and positions: each position has its own, along
    the last axis."""
    return (x / (x.pow(2).mean() + eps).sqrt() * w) @ W_U


def wrong_mean_along_positions(x, w, W_U, eps=1e-5):
    """this equals mean squares taken along the positions: take them along d_model, the last
    axis."""
    return (x / rms(x, eps, dim=1) * w) @ W_U


def wrong_w_added(x, w, W_U, eps=1e-5):
    """this equals w added to the normalised stream: multiply by it."""
    return (x / rms(x, eps) + w) @ W_U


def wrong_stream_and_w_exchanged(x, w, W_U, eps=1e-5):
    """this equals a norm of the weights, times the stream: rms_norm takes the stream first,
    rms_norm(x, w, eps)."""
    return (w / rms(w, eps) * x) @ W_U


def wrong_standard_deviation(x, w, W_U, eps=1e-5):
    """this equals a division by the standard deviation, from which the mean is taken off: take the
    root of the mean square."""
    return (x / (x.var(dim=-1, keepdim=True, correction=0) + eps).sqrt() * w) @ W_U


def wrong_mean_of_sizes(x, w, W_U, eps=1e-5):
    """this equals a division by the mean of the absolute numbers: square them, take the mean, and
    then the root."""
    return (x / (x.abs().mean(dim=-1, keepdim=True) + eps) * w) @ W_U


def wrong_w_before_the_norm(x, w, W_U, eps=1e-5):
    """this equals the stream multiplied by w before its mean square is taken: w comes after the
    division."""
    return (x * w / rms(x * w, eps)) @ W_U


def wrong_unit_length(x, w, W_U, eps=1e-5):
    """this equals a stream made of length 1, as normalize does: divide by the root of the mean
    square, which is smaller by the root of d_model."""
    return (torch.nn.functional.normalize(x, dim=-1) * w) @ W_U


def wrong_stream_left_out(x, w, W_U, eps=1e-5):
    """this equals one over the root of the mean square, without the stream: multiply x by it."""
    return (w / rms(x, eps)) @ W_U
