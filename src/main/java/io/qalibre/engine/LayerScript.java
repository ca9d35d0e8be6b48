package io.qalibre.engine;

/**
 * The program that finds the rounding of a layer's weight: one for all layers, since what a layer
 * is comes in as numbers. A call runs many iterations, each forwards and backwards by formulas
 * written out, and changes the tensors of the state in place.
 *
 * <p>A layer is a product of matrices or a convolution ({@link LayerForm}), and the activation
 * function after it ({@link LayerActivation}). A batch is taken in chunks whose tensors stay in the
 * processor's cache. Channels lie side by side in memory: convolutions compute fastest so, and rows
 * of samples are gathered fastest from memory in order.
 *
 * <ul>
 *   <li>{@code n}: kind, inner size of the product, groups, whether transposed, activation, axes,
 *       then for each axis stride, padding, dilation and output padding.
 *   <li>{@code f}: the clamp's bounds, the penalty's factor.
 *   <li>{@code chunks}: samples a chunk, chunks a batch.
 *   <li>{@code p}: the weight's lower neighbours on the grid, the distance to the upper ones, the
 *       factor from a weight's gradient to that of the sigmoid's argument, that argument, Adam's
 *       two averages, bias, slope.
 * </ul>
 */
final class LayerScript {
  static final String CODE =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        def arrange(self: __torch__.M,
          x: Tensor,
          n: List[int],
          pads: List[int]) -> Tensor:
          if n[0] == 2:
            if torch.len(pads) > 0:
              z = torch.constant_pad_nd(x, pads, 0.)
            else:
              z = x
            y = torch.movedim(z, 1, -1)
          else:
            if n[5] > 0:
              y = torch.reshape(torch.movedim(x, 1, -1), [torch.size(x, 0), -1])
            else:
              y = torch.reshape(x, [torch.size(x, 0), -1])
          return torch.contiguous(y)
        def layer(self: __torch__.M,
          x: Tensor,
          w: Tensor,
          b: Tensor,
          n: List[int]) -> Tensor:
          if n[0] == 2:
            a = n[5]
            y = torch.convolution(torch.movedim(x, -1, 1), w, b, torch.slice(n, 6, 6 + a), torch.slice(n, 6 + a, 6 + a * 2), torch.slice(n, 6 + a * 2, 6 + a * 3), torch.Bool(n[3]), torch.slice(n, 6 + a * 3, 6 + a * 4), n[2])
          else:
            rows = torch.reshape(x, [-1, n[1]])
            if n[0] == 0:
              y = torch.addmm(b, rows, torch.t(w))
            else:
              y = torch.addmm(b, rows, w)
          return y
        def activate(self: __torch__.M,
          y: Tensor,
          s: Tensor,
          n: List[int],
          f: List[float]) -> Tensor:
          if n[4] == 0:
            a = y
          elif n[4] == 1:
            a = torch.clamp(y, f[0], f[1])
          elif n[4] == 2:
            a = torch.where(torch.lt(y, 0), torch.mul(y, s), y)
          elif n[4] == 3:
            a = torch.tanh(y)
          elif n[4] == 4:
            a = torch.sigmoid(y)
          else:
            a = torch.softmax(y, 1)
          return a
        def answer(self: __torch__.M,
          x: Tensor,
          w: Tensor,
          b: Tensor,
          s: Tensor,
          n: List[int],
          f: List[float]) -> Tensor:
          a = (self).activate((self).layer(x, w, b, n, ), s, n, f, )
          if n[0] == 2:
            t = torch.contiguous(torch.movedim(a, 1, -1))
          else:
            t = torch.reshape(a, [torch.size(x, 0), -1])
          return t
        def like(self: __torch__.M,
          t: Tensor,
          a: Tensor,
          n: List[int]) -> Tensor:
          if n[0] == 2:
            r = torch.movedim(t, -1, 1)
          else:
            r = torch.reshape(t, torch.size(a))
          return r
        def backward(self: __torch__.M,
          y: Tensor,
          t: Tensor,
          s: Tensor,
          n: List[int],
          f: List[float]) -> Tensor:
          a = (self).activate(y, s, n, f, )
          wanted = (self).like(t, a, n, )
          if n[4] == 0:
            g = torch.sub_(a, wanted)
          elif n[4] == 1:
            g = torch.hardtanh_backward(torch.sub_(a, wanted), y, f[0], f[1])
          elif n[4] == 2:
            d = torch.sub_(a, wanted)
            g = torch.where(torch.lt(y, 0), torch.mul(d, s), d)
          elif n[4] == 3:
            g = torch.tanh_backward(torch.sub(a, wanted), a)
          elif n[4] == 4:
            g = torch.sigmoid_backward(torch.sub(a, wanted), a)
          else:
            g = torch._softmax_backward_data(torch.sub(a, wanted), a, 1, 6)
          return g
        def slope(self: __torch__.M,
          g: Tensor,
          x: Tensor,
          w: Tensor,
          total: Tensor,
          n: List[int]) -> Tensor:
          if n[0] == 2:
            a = n[5]
            _0, own, _1 = torch.convolution_backward(g, torch.movedim(x, -1, 1), w, None, torch.slice(n, 6, 6 + a), torch.slice(n, 6 + a, 6 + a * 2), torch.slice(n, 6 + a * 2, 6 + a * 3), torch.Bool(n[3]), torch.slice(n, 6 + a * 3, 6 + a * 4), n[2], [False, True, False])
            r = torch.add_(total, own)
          else:
            rows = torch.reshape(x, [-1, n[1]])
            if n[0] == 0:
              r = torch.addmm_(total, torch.t(g), rows)
            else:
              r = torch.addmm_(total, torch.t(rows), g)
          return r
        def error(self: __torch__.M,
          x: Tensor,
          t: Tensor,
          p: List[Tensor],
          n: List[int],
          f: List[float],
          chunks: List[int]) -> float:
          w, b, s, = p
          sum = 0.
          for i in range(chunks[1]):
            xs = torch.slice(x, 0, i * chunks[0], (i + 1) * chunks[0])
            ts = torch.slice(t, 0, i * chunks[0], (i + 1) * chunks[0])
            a = (self).activate((self).layer(xs, w, b, n, ), s, n, f, )
            d = torch.sub(a, (self).like(ts, a, n, ))
            sum = sum + float(torch.sum(torch.mul(d, d)))
          return sum
        def descend(self: __torch__.M,
          x: Tensor,
          t: Tensor,
          rows: Tensor,
          p: List[Tensor],
          n: List[int],
          f: List[float],
          chunks: List[int],
          betas: List[float],
          rates: List[float],
          floors: List[float]) -> Tensor:
          base, step, factor, alpha, first, second, b, s, = p
          for i in range(torch.len(betas)):
            z = torch.sigmoid(alpha)
            raw = torch.add_(torch.mul(z, 1.2), -0.1)
            h = torch.clamp(raw, 0., 1.)
            w = torch.addcmul(base, step, h)
            g = torch.zeros_like(base)
            drawn = torch.select(rows, 0, i)
            for j in range(chunks[1]):
              some = torch.slice(drawn, 0, j * chunks[0], (j + 1) * chunks[0])
              xs = torch.index_select(x, 0, some)
              ts = torch.index_select(t, 0, some)
              y = (self).layer(xs, w, b, n, )
              g = (self).slope((self).backward(y, ts, s, n, f, ), xs, w, g, n, )
            g = torch.mul_(g, factor)
            beta = betas[i]
            if beta > 0.:
              d = torch.add_(torch.mul_(h, 2.), -1.)
              r = torch.mul_(torch.pow_(torch.abs(d), beta - 1.), beta * f[2])
              g = torch.addcmul_(g, r, torch.sign_(d))
            g = torch.sigmoid_backward(torch.hardtanh_backward(g, raw, 0., 1.), z)
            m = torch.lerp_(first, g, 0.1)
            v = torch.addcmul_(torch.mul_(second, 0.999), g, g, value=0.001)
            _2 = torch.addcdiv_(alpha, m, torch.add_(torch.sqrt(v), floors[i]), value=rates[i])
          return alpha
      """;

  private LayerScript() {}
}
