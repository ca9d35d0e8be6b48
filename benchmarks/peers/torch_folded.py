"""A contender: torchvision's MobileNetV2 or ResNet50 in float32 with folded batch normalizations, or aimet_torch's or
torchao's simulation of it; a training step, or a pass forward."""

import os
import sys
import time

import torch
import torch.fx.experimental.optimization
import torchvision

from turns import answers, serve

CLASSES = 10


def network(name):
    options = {"dropout": 0} if name == "mobilenet_v2" else {}
    return getattr(torchvision.models, name)(num_classes=CLASSES, **options).eval()


def folded(name):
    return torch.fx.experimental.optimization.fuse(network(name))


def simulation(name, x, ranges):
    from aimet_torch import QuantizationSimModel
    from aimet_torch.batch_norm_fold import fold_all_batch_norms
    from aimet_torch.common.defs import QuantScheme
    from aimet_torch.common.quantsim_config.utils import get_path_for_per_channel_config
    from aimet_torch.v2.quantization.base import QuantizerBase

    net = network(name)
    fold_all_batch_norms(net, (1, *x.shape[1:]))
    sim = QuantizationSimModel(net, x[:1], quant_scheme=QuantScheme.training_range_learning_with_tf_init,
                               config_file=get_path_for_per_channel_config())
    sim.compute_encodings(lambda model: model(x))
    if ranges == "frozen":
        for module in sim.model.modules():
            if isinstance(module, QuantizerBase):
                module.requires_grad_(False)
    return sim.model


def exported(name, x, ranges):
    """torchao's PT2E flow with its own placement for x86: the inputs of convolutions, layers and additions."""
    from torchao.quantization import pt2e
    from torchao.quantization.pt2e.quantize_pt2e import prepare_qat_pt2e
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (X86InductorQuantizer,
                                                                          get_default_x86_inductor_quantization_config)

    quantizer = X86InductorQuantizer().set_global(get_default_x86_inductor_quantization_config(is_qat=True))
    model = prepare_qat_pt2e(torch.export.export(folded(name), (x,)).module(), quantizer)
    model(x)
    model.apply(pt2e.disable_observer)
    pt2e.move_exported_model_to_eval(model)
    return model


PEERS = {"float": lambda name, x, ranges: folded(name), "aimet": simulation, "torchao": exported}


def main():
    out = answers()
    name, size, batch, peer, work = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
    torch.manual_seed(1)
    torch.set_num_threads(os.cpu_count())
    x = torch.randn(batch, 3, size, size)
    y = torch.arange(batch) % CLASSES
    net = PEERS[peer](name, x, work)
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 1e-5, momentum=0.9)

    def train():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.item()
        loss.backward()
        optimizer.step()

    def evaluate():
        with torch.no_grad():
            net(x)

    def timed():
        start = time.perf_counter()
        evaluate() if work == "evaluate" else train()
        return 1e3 * (time.perf_counter() - start)

    serve(out, timed, 3)


if __name__ == "__main__":
    main()
