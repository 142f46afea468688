"""Wrong answers for generation.unembed; each docstring is the sentence that its writer is told."""

from __future__ import annotations


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
