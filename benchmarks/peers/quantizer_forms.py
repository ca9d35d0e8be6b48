"""A contender: one 8-bit quantizer with a learned range behind a ReLU6, forward and backward, in one of the forms that it
can have in ATen's operators. What Qalibre's programs do (LearnedScript) is the form `rows`."""

import os
import sys
import time

import torch

from turns import answers, serve

SHAPE = (32, 96, 32, 32)
STEPS = 255
HUGE = 1e30


def aten(x, s, z):
    return torch._fake_quantize_learnable_per_tensor_affine(torch.nn.functional.relu6(x), s, z, 0, STEPS, 1.0)


def elementwise(x, s, z):
    """The zero point moves x there and back; the gradient of s is the sum of a product of two arrays."""
    scale = s.item()
    shift = (z - z.detach()) * scale
    r = torch.nn.functional.relu6(x) + shift
    c = torch.nn.functional.hardtanh(r, -0.5 * scale, (STEPS + 0.5) * scale)
    d = c.detach()
    e = (r.detach() - d).mul_(HUGE).clamp_(-0.5, STEPS + 0.5)
    e.sub_(d.div_(scale))
    e.add_(d.round_().clamp_(0, STEPS))
    d.mul_(scale)
    return c.addcmul_(e, s - s.detach()).sub_(shift)


def rows(x, s, z):
    """ReLU6 and grid are one clamp; gradients of s and z are matrix products of what is in the same order in memory."""
    scale, count = s.item(), len(x)
    edge = (STEPS + 0.5) * scale
    r = x.permute(0, 2, 3, 1).reshape(count, 1, -1)
    c = torch.nn.functional.hardtanh(r, 0, min(6, edge))
    d = c.detach()
    clipped = edge < 6 and d.max().item() > (STEPS + 0.49) * scale
    if clipped:
        outside = (r.detach() - d).mul_(HUGE).clamp_(0, STEPS + 0.5)
    e = d.div_(scale).round()
    e.clamp_(0, STEPS).sub_(d)
    d.add_(e).mul_(scale)
    move = (s - s.detach()).expand(count, 1, 1)
    c.baddbmm_(move, e)
    if clipped:
        c.baddbmm_(move - (z - z.detach()) * scale / (STEPS + 0.5), outside)
    n, channels, height, width = x.shape
    return c.view(n, height, width, channels).permute(0, 3, 1, 2)


FORMS = {"aten": aten, "elementwise": elementwise, "rows": rows}


def main():
    out = answers()
    form, largest = FORMS[sys.argv[1]], float(sys.argv[2])
    torch.manual_seed(1)
    torch.set_num_threads(os.cpu_count())
    x, g = (torch.randn(SHAPE).mul_(2).to(memory_format=torch.channels_last) for _ in range(2))
    s, z = torch.full((1,), largest / STEPS), torch.zeros(1)
    learns = [tensor.requires_grad_() for tensor in (x, s, z)]

    def timed():
        start = time.perf_counter()
        torch.autograd.grad(form(*learns), learns, g, allow_unused=True)
        return 1e3 * (time.perf_counter() - start)

    serve(out, timed, warm_up=10)


if __name__ == "__main__":
    main()
