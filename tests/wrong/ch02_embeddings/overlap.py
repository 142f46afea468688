"""Wrong answers for embeddings.overlap; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def over(number, W_write, W_read):
    """A number over the product of the two norms; 0.0 if that is zero."""
    size = float(W_write.norm() * W_read.norm())
    return float(number) / size if size else 0.0


def wrong_not_divided(W_write, W_read):
    """this equals the norm of the product: divide it by the norms of the two matrices."""
    return (W_write @ W_read).norm().item()


def wrong_divided_by_write(W_write, W_read):
    """this equals the norm of the product over that of W_write alone: divide by both norms."""
    size = float(W_write.norm())
    return (W_write @ W_read).norm().item() / size if size else 0.0


def wrong_divided_by_read(W_write, W_read):
    """this equals the norm of the product over that of W_read alone: divide by both norms."""
    size = float(W_read.norm())
    return (W_write @ W_read).norm().item() / size if size else 0.0


def wrong_zero_over_zero(W_write, W_read):
    """this equals dividing by 0 where one of the matrices is zero throughout, which gives nan:
    return 0.0 there."""
    return ((W_write @ W_read).norm() / (W_write.norm() * W_read.norm())).item()


def wrong_one_for_zero(W_write, W_read):
    """this equals 1 where one of the matrices is zero throughout: nothing is heard there, so return
    0.0."""
    size = W_write.norm() * W_read.norm()
    return ((W_write @ W_read).norm() / size).item() if size else 1.0


def wrong_small_counts_as_zero(W_write, W_read):
    """this equals 0 for matrices with small entries: only one that is zero throughout writes or
    reads nothing, so compare with 0 itself."""
    size = float(W_write.norm() * W_read.norm())
    return float((W_write @ W_read).norm()) / size if size > 1e-6 else 0.0


def wrong_something_added(W_write, W_read):
    """this equals dividing by a little more than the two norms, which makes the overlap of small
    matrices too small: look first whether one of them is zero."""
    return float((W_write @ W_read).norm() / (W_write.norm() * W_read.norm() + 1e-8))


def wrong_divided_by_no_less(W_write, W_read):
    """this equals dividing by 0.000001 where the norms' product is less than that, though not zero:
    look whether it is zero, and divide by the product itself."""
    return float((W_write @ W_read).norm() / (W_write.norm() * W_read.norm()).clamp(min=1e-6))


def wrong_squared(W_write, W_read):
    """this equals the square of the overlap: take the root of the sums of squares."""
    return over((W_write @ W_read).norm(), W_write, W_read) ** 2


def wrong_product_not_rooted(W_write, W_read):
    """this equals the sum of the product's squared entries over the two norms: take the root of it
    first."""
    return over((W_write @ W_read).pow(2).sum(), W_write, W_read)


def wrong_spectral(W_write, W_read):
    """this equals the largest singular values in the place of the norms, which is another norm of a
    matrix: take the root of the sum of the squares of all entries, W.norm()."""
    write, read = (torch.linalg.matrix_norm(W, 2) for W in (W_write, W_read))
    size = float(write * read)
    return float(torch.linalg.matrix_norm(W_write @ W_read, 2)) / size if size else 0.0


def wrong_sums_of_sizes(W_write, W_read):
    """this equals sums of the entries' sizes in the place of the norms: take the root of the sum of
    their squares."""
    size = float(W_write.abs().sum() * W_read.abs().sum())
    return float((W_write @ W_read).abs().sum()) / size if size else 0.0


def wrong_sum_of_product(W_write, W_read):
    """this equals the sum of the product's entries, in which signs cancel, over the norms: take the
    norm of the product."""
    return over((W_write @ W_read).sum(), W_write, W_read)


def wrong_largest_entry(W_write, W_read):
    """this equals the largest entry of the product over the norms: take the norm of the whole
    product."""
    return over((W_write @ W_read).abs().max(), W_write, W_read)


def wrong_mean_cosine(W_write, W_read):
    """this equals the mean size of the cosines between rows of W_write and columns of W_read: take
    the norms of the matrices as wholes."""
    write = torch.nn.functional.normalize(W_write, dim=1)
    read = torch.nn.functional.normalize(W_read, dim=0)
    return float((write @ read).abs().mean())


def wrong_rms_cosine(W_write, W_read):
    """this equals making the rows of W_write and the columns of W_read length 1 first, so that
    small ones count as much as large: take the norms of the matrices as they are."""
    write = torch.nn.functional.normalize(W_write, dim=1)
    read = torch.nn.functional.normalize(W_read, dim=0)
    return over((write @ read).norm(), write, read)


def wrong_write_turned(W_write, W_read):
    """this equals the product with W_write turned on its side, where the shapes allow it: multiply
    W_write @ W_read as they are."""
    return over((W_write.T @ W_read).norm(), W_write, W_read)


def wrong_read_turned(W_write, W_read):
    """this equals the product with W_read turned on its side, where the shapes allow it: multiply
    W_write @ W_read as they are."""
    return over((W_write @ W_read.T).norm(), W_write, W_read)


def wrong_entry_by_entry(W_write, W_read):
    """this equals the products entry by entry, where the shapes allow it: the matrix product is
    W_write @ W_read."""
    return over((W_write * W_read.T).norm(), W_write, W_read)


def wrong_read_before_write(W_write, W_read):
    """this equals the product the other way round, W_read @ W_write, where the shapes allow it:
    what is written comes first, W_write @ W_read."""
    return over((W_read @ W_write).norm(), W_write, W_read)


def wrong_one_minus(W_write, W_read):
    """this equals one minus the overlap: 0 stands for two that never meet, and 1 for two that meet
    wholly."""
    return 1 - over((W_write @ W_read).norm(), W_write, W_read)


def wrong_tensor(W_write, W_read):
    """this equals the right number, in a tensor: make a plain number of it, by .item()."""
    return torch.tensor(over((W_write @ W_read).norm(), W_write, W_read))


def wrong_divided_then_multiplied(W_write, W_read):
    """this equals the norm of the product over one norm, times the other: a / b * c is (a / b) * c,
    so put brackets round the two norms."""
    write, read = float(W_write.norm()), float(W_read.norm())
    return (W_write @ W_read).norm().item() / write * read if write and read else 0.0


def wrong_norms_not_rooted(W_write, W_read):
    """this equals the product's norm over sums of squares: take the root of each sum, which makes
    it a norm."""
    return over((W_write @ W_read).norm(), W_write.norm() * W_write, W_read.norm() * W_read)


def wrong_norms_added(W_write, W_read):
    """this equals the norm of the product over the sum of the two norms: multiply the two."""
    write, read = float(W_write.norm()), float(W_read.norm())
    return (W_write @ W_read).norm().item() / (write + read) if write and read else 0.0


def wrong_one_zero_is_enough(W_write, W_read):
    """this equals 0 wherever one entry of a matrix is 0: that is asked of all its entries, (W ==
    0).all()."""
    if (W_write == 0).any() or (W_read == 0).any():
        return 0.0
    return over((W_write @ W_read).norm(), W_write, W_read)


def wrong_sum_looked_at(W_write, W_read):
    """this equals 0 wherever the entries of a matrix add up to 0, as 1 and -1 do: look whether its
    norm is 0."""
    if float(W_write.sum()) == 0 or float(W_read.sum()) == 0:
        return 0.0
    return over((W_write @ W_read).norm(), W_write, W_read)


def wrong_close_to_zero(W_write, W_read):
    """this equals 0 for a matrix that is close to zero throughout, as allclose has it: only one
    that is zero throughout writes or reads nothing, so compare with 0 itself."""
    if any(torch.allclose(W, torch.zeros_like(W)) for W in (W_write, W_read)):
        return 0.0
    return over((W_write @ W_read).norm(), W_write, W_read)


def wrong_rounded(W_write, W_read):
    """this equals the overlap rounded to three places: return it as it is."""
    return round(over((W_write @ W_read).norm(), W_write, W_read), 3)


def wrong_singular_values_added(W_write, W_read):
    """this equals the sums of the singular values in the place of the norms, which is another norm
    of a matrix: take the root of the sum of the squares of all entries, W.norm()."""
    write, read = (float(torch.linalg.matrix_norm(W, "nuc")) for W in (W_write, W_read))
    product = float(torch.linalg.matrix_norm(W_write @ W_read, "nuc"))
    return product / (write * read) if write and read else 0.0


def wrong_number_by_zero(W_write, W_read):
    """this equals dividing plain numbers, which Python refuses where one of the matrices is zero
    throughout: ask for that first, and return 0.0 there."""
    return (W_write @ W_read).norm().item() / (W_write.norm().item() * W_read.norm().item())
