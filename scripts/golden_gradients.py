"""Writes src/test/resources/golden/gradients.json: gradients of quantizers by torch autograd.

The formulas are differentiated as they are stated, in float64. With steps N and codes first … last:

    scale  = clamp_min(|max - min| / N, tiny)
    offset = clamp(round(min / scale), -N, 0) for asymmetric grids, else a constant
    y      = clamp(round(x / scale), first, last) * scale, first = offset and last = offset + N if asymmetric

where round is half to even and has the gradient 1 (straight through). That is the parametrisation of AIMET's affine
quantizers. `dscale` is the gradient of LSQ (Esser et al., Learned Step Size Quantization, ICLR 2020, arXiv 1902.08153):
the scale is the parameter, the offset constant, and its gradient is multiplied by 1 / sqrt(elements * largest code).

Needs torch and numpy: python scripts/golden_gradients.py
"""

import json
import math
from pathlib import Path

import numpy
import torch

TARGET = Path(__file__).resolve().parent.parent / "src/test/resources/golden/gradients.json"
GRIDS = ("asymmetric", "symmetric", "strict", "unsigned")
VALUES = 16  # of a channel
RANDOM = numpy.random.default_rng(20)


def tiny(bits):
    return min(2.0**-23, 0.01 / (2**bits - 1))


def codes(grid, bits):
    """The first and last code of a grid whose offset is constant; of an asymmetric one with offset 0."""
    half = 2 ** (bits - 1)
    return {"symmetric": (-half, half - 1), "strict": (1 - half, half - 1)}.get(grid, (0, 2**bits - 1))


def straight_through(x):
    return x + (torch.round(x) - x).detach()


def quantize(x, scale, first, last):
    return torch.clamp(straight_through(x / scale), first, last) * scale


def learned(case, x, low, high, dtype=torch.float64):
    first, last = codes(case["grid"], case["bits"])
    steps = last - first
    scale = torch.clamp_min(torch.abs(high - low) / steps, torch.tensor(tiny(case["bits"]), dtype=dtype))
    offset = torch.zeros_like(scale)
    if case["grid"] == "asymmetric":
        offset = torch.clamp(straight_through(low / scale), -steps, 0)
    return quantize(x, scale, offset + first, offset + last), scale.detach(), offset.detach()


def leaf(values, dtype=torch.float64):
    return torch.tensor(numpy.asarray(values, numpy.float32), dtype=dtype, requires_grad=True)


def plain(tensor):
    return [float(str(v)) for v in tensor.detach().to(torch.float32).numpy().ravel()]


def solve(name, grid, bits, x, low, high):
    """All that follows from values of channels × VALUES and a range for each channel."""
    case = {"name": name, "grid": grid, "bits": bits, "channels": len(low)}
    g = RANDOM.integers(-16, 17, numpy.shape(x)) / 8
    x, low, high = leaf(x), leaf(numpy.reshape(low, (-1, 1))), leaf(numpy.reshape(high, (-1, 1)))
    y, scale, offset = learned(case, x, low, high)
    (y * torch.tensor(g)).sum().backward()
    single = learned(case, *(t.detach().float() for t in (x, low, high)), dtype=torch.float32)[0]
    if not torch.allclose(single.double(), y, rtol=1e-5, atol=1e-9):
        raise ValueError(f"{name}: float32 rounds otherwise; choose other values")
    case |= {"x": plain(x), "g": g.ravel().tolist(), "min": plain(low), "max": plain(high), "y": plain(y)}
    case |= {"dx": plain(x.grad), "dmin": plain(low.grad), "dmax": plain(high.grad)}
    case |= {"scale": plain(scale), "zero": [int(-z) for z in offset.ravel()]}
    first, last = codes(grid, bits)
    step = leaf(scale.numpy())
    y = quantize(leaf(x.detach().numpy()), step, offset + first, offset + last)
    (y * torch.tensor(g)).sum().backward()
    factor = 1 / math.sqrt(x.shape[1] * last)
    return case | {"dscale": plain(step.grad * factor)}


def values(low, high, steps, reach=(1.2, 3)):
    """Values that are far enough from ties for float32 to round them as float64 does."""
    while True:
        near, far = (RANDOM.uniform(by * low, by * high, VALUES // 2) for by in reach)
        x = numpy.round(numpy.concatenate([near, far]), 5)
        t = x * steps / (high - low)
        if (abs(t - numpy.floor(t) - 0.5) > 1e-3).all():
            return x


def anywhere(grid, bits, channels):
    """Values within the range and beyond both of its ends; ranges as training leaves them, off their own grids."""
    low = numpy.round(RANDOM.uniform(-1.2, -0.3, channels), 3)
    high = numpy.round(RANDOM.uniform(0.3, 1.7, channels), 3)
    first, last = codes(grid, bits)
    if grid == "unsigned":
        low = numpy.round(RANDOM.uniform(-0.1, 0.1, channels), 3)
    x = [values(a, b, last - first) for a, b in zip(low, high)]
    return solve(f"{grid} {bits} bits {channels} anywhere", grid, bits, x, low, high)


def inside(grid, bits, channels):
    """Values of which none is clipped."""
    high = numpy.round(RANDOM.uniform(0.3, 1.7, channels), 3)
    low = {"asymmetric": -0.5 * high, "unsigned": 0 * high}.get(grid, -high)
    first, last = codes(grid, bits)
    x = [values(a, b, last - first, reach=(0.8, 0.9)) for a, b in zip(low, high)]
    case = solve(f"{grid} {bits} bits {channels} inside", grid, bits, x, low, high)
    if numpy.count_nonzero(case["dx"]) != numpy.count_nonzero(case["g"]):
        raise ValueError(f"{case['name']}: a value is clipped")
    return case


def ties(grid, bits, channels):
    """Values halfway between two codes, beyond the ends too, and the ends themselves; scales are powers of two."""
    first, last = codes(grid, bits)
    x, low, high = [], [], []
    for channel in range(channels):
        scale = 2.0 ** -(channel + 3)
        shift = (last - first) // 3 + channel if grid == "asymmetric" else 0
        a, b = first - shift, last - shift
        middle = (a + b) // 2
        halves = [a - 1.5, a - 0.5, a + 0.5, b - 0.5, b + 0.5, b + 1.5, -0.5, 0.5, middle - 0.5, middle + 0.5]
        whole = [a, b, 0, middle, a - 1, b + 1]
        x.append([scale * v for v in halves + whole])
        low.append(scale * a)
        high.append(scale * b)
    return solve(f"{grid} {bits} bits {channels} ties", grid, bits, x, low, high)


def crossed(grid, low, high):
    """A minimum that has passed the maximum, or met it, where the scale is the least there is."""
    x = numpy.round(RANDOM.uniform(-2, 2, (1, VALUES)), 3)
    return solve(f"{grid} 4 bits {low} to {high}", grid, 4, x, [low], [high])


def main():
    cases = [make(grid, bits, channels)
             for grid in GRIDS for bits in (2, 4, 8) for channels in (1, 3) for make in (anywhere, ties)]
    cases += [crossed("asymmetric", 0.9, -0.8), crossed("asymmetric", -0.9, -1.7), crossed("symmetric", 0.9, -0.8),
              crossed("symmetric", 0.5, 0.5), crossed("unsigned", 1.0, 1.0)]
    cases += [inside(grid, bits, channels) for grid in GRIDS for bits in (2, 4, 8) for channels in (1, 3)]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    TARGET.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases in {TARGET.name}")


if __name__ == "__main__":
    main()
