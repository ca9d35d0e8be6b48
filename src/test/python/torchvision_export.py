"""Exports torchvision's classifiers, with seeded random weights, for OrtModel_torchvision_Test.

usage: python src/test/python/torchvision_export.py [--weightless] FOLDER MODEL…

    needs torch 2.7.1, torchvision 0.22.1 and onnx 1.23.2; MODEL is one of the names in SIDES

Writes FOLDER/MODEL.onnx: `input` N×3×side×side, `output` N×1000, batch normalizations fused into convolutions where
torch's exporter can. Its metadata `macs` is the number of multiply-accumulates for one sample, counted by torch.

With --weightless it writes FOLDER/MODEL.onnx.gz instead, which is small: batch normalizations stay nodes of their own,
with their statistics, but weights and biases of more than KEPT elements have no data. They were drawn by numbers(…)
below, and their doc_string holds `mean width`. Such a file is no valid model until a reader has drawn the same numbers;
io.qalibre.testing.WeightlessModel does. Those that are committed are written by

    python src/test/python/torchvision_export.py --weightless src/test/resources/torchvision \\
        mobilenet_v3_large shufflenet_v2_x1_0 squeezenet1_1
"""

import gzip
import math
import sys
import zlib
from pathlib import Path

import numpy as np
import onnx
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

# The width and height of the pictures: small ones, except where the architecture asks for 224.
SIDES = {
    "convnext_tiny": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "googlenet": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_large": 64,
    "regnet_y_400mf": 64,
    "resnet18": 64,
    "resnet50": 64,
    "shufflenet_v2_x1_0": 64,
    "squeezenet1_1": 64,
    "swin_t": 224,
    "vit_b_16": 224,
}
# Without the classifiers that only help training.
OPTIONS = {"googlenet": dict(aux_logits=False, init_weights=True)}
OPSET = 17
KEPT = 16


def normalizations(model):
    return [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


def numbers(name, count):
    """Numbers from -1 to 1, seeded by a name: SplitMix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195)."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = z + np.uint64(zlib.crc32(name.encode()))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)) * 2.0**-52 - 1


def redraw(model):
    """Draws the parameters of more than KEPT elements anew, like before but by numbers(…); what each says of itself."""
    said = {}
    for name, parameter in model.named_parameters():
        if parameter.numel() > KEPT:
            said[name] = f"{parameter.mean():.3g} {parameter.std() * math.sqrt(3):.3g}"
            mean, width = map(float, said[name].split())
            values = mean + width * numbers(name, parameter.numel())
            parameter.copy_(torch.from_numpy(values).reshape(parameter.shape))
    return said


def network(name, side, weightless):
    """A network in evaluation mode in which nothing is an identity, and what its redrawn parameters say."""
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None, **OPTIONS.get(name, {})).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # Scales of 1, biases of 0, layer scales of 1e-6, classifiers of 0.
            if parameter.min() == parameter.max():
                parameter += torch.rand_like(parameter) - 0.5
        said = redraw(model) if weightless else {}
        # The statistics are those of some random pictures, so that signals neither fade nor explode.
        for module in normalizations(model):
            module.train().momentum = 1.0
        if normalizations(model):
            model(torch.randn(8, 3, side, side))
    return model.eval(), said


def macs(model, side):
    # Attention as products of matrices, which are counted.
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            model(torch.zeros(1, 3, side, side))
    return counter.get_total_flops() // 2


def export(name, file, weightless):
    side = SIDES[name]
    model, said = network(name, side, weightless)
    mode = torch.onnx.TrainingMode.PRESERVE if weightless else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(
        model,
        torch.zeros(2, 3, side, side),
        file,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "N"}, "output": {0: "N"}},
        opset_version=OPSET,
        training=mode,
        dynamo=False,
    )
    exported = onnx.load(file)
    exported.metadata_props.add(key="macs", value=str(macs(model, side)))
    for tensor in exported.graph.initializer:
        if tensor.name in said:
            tensor.doc_string = said.pop(tensor.name)
            tensor.ClearField("raw_data")
    assert not said, f"torch renamed {list(said)}"
    return exported


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--weightless"]
    weightless = len(arguments) < len(sys.argv) - 1
    if len(arguments) < 2 or not SIDES.keys() >= set(arguments[1:]):
        sys.exit(__doc__)
    torch.backends.mha.set_fastpath_enabled(False)  # one fused operation, which is neither exported nor counted
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments[1:]:
        file = folder / f"{name}.onnx"
        model = export(name, str(file), weightless)
        if weightless:
            packed = folder / f"{name}.onnx.gz"
            packed.write_bytes(gzip.compress(model.SerializeToString(deterministic=True), mtime=0))
            file.unlink()
            file = packed
        else:
            onnx.checker.check_model(model)
            onnx.save(model, str(file))
        print(f"{file}: {file.stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
