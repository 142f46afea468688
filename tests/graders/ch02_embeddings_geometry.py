"""Graders of chapter 02: neighbours, pca, separate."""

from __future__ import annotations

import functools
import itertools
import math

import torch

from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.inputs import draw

# ---- 4 neighbours


def table(seed, n, d):
    """Rows of very different lengths, so that long ones win by dot product."""
    return draw(seed, n, d) * draw(seed + 1, n, 1).exp()


def cases_neighbours(seed):
    # Along one axis the cosines are exact, whatever the order of the sums: ties stay ties.
    tied = torch.tensor(
        [[0, 4, 3], [3, 0, 4], [6, 0, 0], [8, 6, 0], [3, 0, 0], [4, 0, -3], [-1, 0, 0], [6, 0, 8],
         [-2, 0, 0], [0, -2, 0]]
    ).float()  # fmt: skip
    cosine = 0.9 - torch.tensor([0.0, 8, 2, 6, 4, 10]) * 1e-5
    alike = torch.stack([cosine, (1 - cosine**2).sqrt()], dim=1) * torch.arange(1.0, 7)[:, None]
    alike = torch.cat([alike, torch.tensor([[3.0, 0.0]])])
    zeros = table(seed, 7, 4)
    zeros[1], zeros[5] = 0, 0
    zeros[2], zeros[4], zeros[6] = zeros[3] * 2, -zeros[3], -2 * zeros[3] + zeros[0]
    return [
        Case("11 rows of 7, token 3, k=4", (table(seed, 11, 7), 3, 4)),
        Case("13 rows of 5, token 0, k=6", (table(seed, 13, 5), 0, 6)),
        Case("9 rows of 4, the last token, k=1", (table(seed, 9, 4), 8, 1)),
        Case("6 rows of 6, token 2, k=5: all the others", (table(seed, 6, 6), 2, 5)),
        Case("5 rows of 3, token 1, k=5: more than there are", (table(seed, 5, 3), 1, 5)),
        Case("several tokens with one cosine, token 4, k=7", (tied, 4, 7)),
        Case("two rows that point the opposite way, token 4, k=9: all the others", (tied, 4, 9)),
        Case("cosines from 0.9 to 0.8999, token 6, k=4", (alike, 6, 4)),
        Case("two rows of zeros, token 3, k=5", (zeros, 3, 5)),
        Case("the token's own row is zero, k=4", (zeros, 5, 4)),
    ]


def oracle_neighbours(W_E, token, k):
    def cosine(u, v):
        dot = sum(a * b for a, b in zip(u, v, strict=True))
        size = math.sqrt(sum(a * a for a in u)) * math.sqrt(sum(b * b for b in v))
        return round(dot / size, 12) if size else 0.0

    rows = W_E.double().tolist()
    others = [i for i in range(len(rows)) if i != token]
    return sorted(others, key=lambda i: (-cosine(rows[i], rows[token]), i))[:k]


def neighbours_by_hand(answer):
    W_E = torch.tensor([[4.0, 3.0], [1.0, 0.0], [0.0, 2.0], [3.0, 4.0], [-4.0, -3.0], [8.0, 6.0]])
    found = answer(W_E, 0, 3)
    expect_close(found, [5, 3, 1], "the 3 neighbours of token 0 among the six rows of the page")


def length_does_not_count(answer, seed):
    W_E = table(seed, 12, 5)
    longer = W_E * draw(seed + 2, 12, 1).exp()
    what = "the neighbours of token 7 after making some rows longer and some shorter"
    expect_close(answer(longer, 7, 5), answer(W_E, 7, 5), what)


# ---- 5 pca


@functools.cache
def cloud(seed, n, d):
    """A table with known directions: spread in clear steps, each with one largest entry.

    Other rules for a direction's sign go astray: of the first one, the first entry, the last, the
    sum and the largest coordinate along it are negative; of the second, in larger tables, the last
    entry.
    """
    generator = torch.Generator().manual_seed(seed)
    spread = [6.0 * 0.55**i for i in range(min(n - 1, d))]
    directions = next(found for found in _directions(len(spread), d, generator) if _awry(found))
    while True:
        coordinates = torch.randn(n, len(spread), generator=generator, dtype=torch.float64)
        coordinates = torch.linalg.qr(coordinates - coordinates.mean(0)).Q
        place = coordinates.abs().argmax(dim=0, keepdim=True)
        wanted = torch.tensor([-1.0, 1.0]).repeat(d)[: len(spread)]
        coordinates *= wanted * coordinates.gather(0, place).sign()
        least, most = coordinates.abs().topk(2, dim=0).values.flip(0)
        if (least < 0.95 * most).all():
            break
    centre = 3 * torch.randn(d, generator=generator, dtype=torch.float64)
    return (coordinates * torch.tensor(spread) @ directions + centre).float()


def _directions(count, d, generator):
    """Directions at right angles, of length 1, as rows, each with one entry clearly the largest,
    which is positive; and the same with the sign of some columns changed."""
    while True:
        square = torch.randn(d, d, generator=generator, dtype=torch.float64)
        directions = torch.linalg.qr(square).Q[:count]
        largest, second = directions.abs().topk(2, dim=1).values.T
        if (largest > 1.15 * second).all():
            for signs in itertools.product([1.0, -1.0], repeat=d):
                turned = directions * torch.tensor(signs)
                place = turned.abs().argmax(dim=1, keepdim=True)
                yield turned * turned.gather(1, place).sign()


def _awry(directions):
    first, then = directions[:2]
    if max(first[0], first[-1], first.sum()) > -0.05:
        return False
    return directions.shape[1] < 5 or max(-then[0], then[-1]) < -0.05


def cases_pca(seed):
    return [
        Case("5 rows of 3, k=2", (cloud(seed, 5, 3), 2)),
        Case("9 rows of 5, k=2", (cloud(seed, 9, 5), 2)),
        Case("4 rows of 7, k=3", (cloud(seed, 4, 7), 3)),
        Case("8 rows of 3, k=1", (cloud(seed, 8, 3), 1)),
        Case("6 rows of 4, k=4: all directions", (cloud(seed, 6, 4), 4)),
        Case("5 rows of 5, k=3", (cloud(seed, 5, 5), 3)),
    ]


def oracle_pca(x, k):
    """One direction after the other: the rows' covariance, multiplied by itself again and again,
    leaves only its strongest direction; then that direction is taken out of the rows."""
    rows = x.double() - x.double().mean(dim=0)
    total = float(rows.pow(2).sum())
    coordinates, share = [], []
    for _ in range(k):
        power = rows.T @ rows
        for _ in range(12):
            power = power @ power / (power @ power).abs().max()
        direction = power[:, power.diagonal().argmax()]
        direction = direction / direction.norm()
        if direction[direction.abs().argmax()] < 0:
            direction = -direction
        along = rows @ direction
        coordinates.append(along)
        share.append(float(along.pow(2).sum()) / total)
        rows = rows - along[:, None] * direction
    return torch.stack(coordinates, dim=1), torch.tensor(share, dtype=torch.float64)


def pca_by_hand(answer):
    x = torch.tensor([[5.0, 1.0], [-1.0, 1.0], [2.0, 2.0], [2.0, 0.0]])
    both = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    for k in (1, 2):
        expected = both[:, :k], torch.tensor([0.9, 0.1])[:k]
        what = f"the four rows of the page with k={k}"
        expect_close(tuple(answer(x, k)), expected, what)


def moving_the_cloud_changes_nothing(answer, seed):
    x = cloud(seed, 9, 5)
    moved = x + torch.tensor([5.0, -3.0, 0.0, 2.0, 8.0])
    for which, after, before in zip(
        ("coordinates", "share"), answer(moved, 3), answer(x, 3), strict=True
    ):
        expect_close(after, before, f"the {which} after moving all rows alike", atol=1e-4)


def all_directions_keep_all_distances(answer, seed):
    x = cloud(seed, 6, 4)
    coordinates, share = answer(x, 4)
    found = torch.cdist(coordinates.double(), coordinates.double())
    expected = torch.cdist(x.double(), x.double())
    expect_close(found, expected, "the distances between rows, with all directions", atol=1e-3)
    expect_close(float(share.sum()), 1.0, "the sum of the shares of all directions")


# ---- 6 separate


def cases_separate(seed):
    def groups(n, m, d, apart, scale=1.0):
        a, b = draw(seed, n, d), draw(seed + 1, m, d)
        return scale * (a + apart), scale * (b - 0.5 * apart)

    return [
        Case("5 rows against 3, of 7 numbers", groups(5, 3, 7, 1.0)),
        Case("2 rows against 9, of 4", groups(2, 9, 4, -2.0)),
        Case("one row against one, of 3", groups(1, 1, 3, 0.5)),
        Case("6 rows against 4, of 4, all far from 0", groups(6, 4, 4, 9.0, 3.0)),
        Case("3 rows against 8, of 2, small numbers", groups(3, 8, 2, 0.8, 0.05)),
    ]


def oracle_separate(a, b):
    a, b = a.double().tolist(), b.double().tolist()
    d = len(a[0])
    mean_a = [sum(row[i] for row in a) / len(a) for i in range(d)]
    mean_b = [sum(row[i] for row in b) / len(b) for i in range(d)]
    arrow = [mean_a[i] - mean_b[i] for i in range(d)]
    length = math.sqrt(sum(number**2 for number in arrow))
    unit = [number / length for number in arrow]
    threshold = sum(unit[i] * (mean_a[i] + mean_b[i]) / 2 for i in range(d))
    return torch.tensor(unit, dtype=torch.float64), threshold


def separate_by_hand(answer):
    a = torch.tensor([[4.0, 1.0], [6.0, 1.0]])
    b = torch.tensor([[1.0, -3.0], [3.0, -3.0], [2.0, -3.0]])
    direction, threshold = answer(a, b)
    expect_close(direction, torch.tensor([0.6, 0.8]), "the direction between the page's groups")
    expect_close(threshold, 1.3, "the threshold between the page's groups")


def each_mean_is_as_far_from_the_border(answer, seed):
    a, b = draw(seed, 6, 5) + 2, draw(seed + 1, 3, 5)
    direction, threshold = answer(a, b)
    above = a.mean(0).double() @ direction.double() - threshold
    below = threshold - b.mean(0).double() @ direction.double()
    if not float(above) > 0:
        raise Wrong("the mean of a lies below the threshold; a is the group above it")
    expect_close(float(above), float(below), "how far a's mean lies above, against b's below")


def exchanging_the_groups_turns_it_round(answer, seed):
    a, b = draw(seed, 4, 6), draw(seed + 1, 7, 6) + 1
    (direction, threshold), (other, other_threshold) = answer(a, b), answer(b, a)
    expect_close(other, -direction, "the direction after exchanging a and b")
    expect_close(other_threshold, -threshold, "the threshold after exchanging a and b")


GRADERS = [
    grader(
        "embeddings.neighbours",
        cases=cases_neighbours,
        oracle=oracle_neighbours,
        by_hand=neighbours_by_hand,
        properties={"a row's length does not count": length_does_not_count},
    ),
    grader(
        "embeddings.pca",
        cases=cases_pca,
        oracle=oracle_pca,
        by_hand=pca_by_hand,
        properties={
            "moving the cloud changes nothing": moving_the_cloud_changes_nothing,
            "all directions keep all distances": all_directions_keep_all_distances,
        },
    ),
    grader(
        "embeddings.separate",
        cases=cases_separate,
        oracle=oracle_separate,
        by_hand=separate_by_hand,
        properties={
            "each mean is as far from the border": each_mean_is_as_far_from_the_border,
            "exchanging the groups turns it round": exchanging_the_groups_turns_it_round,
        },
    ),
]
