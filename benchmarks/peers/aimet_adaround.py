"""A contender: aimet_torch's AdaRound of the first layers of torchvision's MobileNetV2 at 4 bits, all that it takes
divided by iterations and layers."""

import os
import sys
import tempfile
import time

import torch
import torchvision
from aimet_torch.adaround.adaround_weight import Adaround, AdaroundParameters
from aimet_torch.batch_norm_fold import fold_all_batch_norms
from aimet_torch.common.defs import QuantScheme

from turns import answers, serve

SIZE, BATCH, BATCHES = 64, 32, 4


def first_layers(count):
    """The modules up to the activation after so many convolutions; none lies on a residual connection."""
    features = torchvision.models.mobilenet_v2(num_classes=10).features
    blocks = [features[0], *features[1].conv, *features[2].conv, *features[3].conv]
    kept, convolutions = [], 0
    for module in (leaf for block in blocks for leaf in (block if isinstance(block, torch.nn.Sequential) else [block])):
        convolutions += isinstance(module, torch.nn.Conv2d)
        if convolutions > count:
            break
        kept.append(module)
    return torch.nn.Sequential(*kept).eval()


def main():
    out = answers()
    layers, iterations = int(sys.argv[1]), int(sys.argv[2])
    torch.manual_seed(1)
    torch.set_num_threads(os.cpu_count())
    model = first_layers(layers)
    fold_all_batch_norms(model, (1, 3, SIZE, SIZE))
    data = [torch.randn(BATCH, 3, SIZE, SIZE) for _ in range(BATCHES)]

    def each():
        start = time.perf_counter()
        parameters = AdaroundParameters(data_loader=data, num_batches=BATCHES, default_num_iterations=iterations)
        with tempfile.TemporaryDirectory() as folder:
            Adaround.apply_adaround(model, data[0][:1], parameters, folder, "first_layers", default_param_bw=4,
                                    default_quant_scheme=QuantScheme.post_training_tf)
        return 1e3 * (time.perf_counter() - start) / iterations / layers

    serve(out, each, 0)


if __name__ == "__main__":
    main()
