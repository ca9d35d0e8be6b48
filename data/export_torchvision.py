"""Exports torchvision's MobileNetV2 and ResNet50 with their ImageNet weights as ONNX files.

    pip install torch torchvision onnx
    python data/export_torchvision.py --out models

The files take `input`, N×3×224×224, give `output`, N×1000 logits, and keep batch normalizations, so that the notebooks
`04-mobilenet-v2.ipynb` and `05-resnet50.ipynb` can fold them. pip and torchvision download some hundred MB.
"""

import argparse
from pathlib import Path

import onnx
import torch
import torchvision

NETWORKS = {"mobilenet_v2": torchvision.models.mobilenet_v2, "resnet50": torchvision.models.resnet50}
OPSET = 17


def export(name, weights, file):
    """Writes one network; returns its file."""
    model = NETWORKS[name](weights=weights).eval()
    torch.onnx.export(
        model,
        torch.zeros(1, 3, 224, 224),
        file,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "N"}, "output": {0: "N"}},
        opset_version=OPSET,
        training=torch.onnx.TrainingMode.PRESERVE,  # or batch normalizations are folded away
        do_constant_folding=False,
        dynamo=False,
    )
    onnx.save(unshared(onnx.load(file)), file)
    return file


def unshared(model):
    """Gives each tensor values of its own: the exporter keeps equal ones once and refers to them by Identity."""
    graph = model.graph
    values = {tensor.name: tensor for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Identity" and node.input[0] in values]:
        copy = graph.initializer.add()
        copy.CopyFrom(values[node.input[0]])
        copy.name = node.output[0]
        graph.node.remove(node)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=sorted(NETWORKS), help="some of: " + ", ".join(sorted(NETWORKS)))
    parser.add_argument("--out", type=Path, default=Path("models"), help="the folder to write to (default: models)")
    parser.add_argument(
        "--weights",
        default="IMAGENET1K_V1",
        help="torchvision's name of the weights (default: IMAGENET1K_V1, those of the published tables); none: random ones",
    )
    args = parser.parse_args()
    unknown = sorted(set(args.networks) - set(NETWORKS))
    if unknown:
        parser.error(f"no network {', '.join(unknown)}; there are {', '.join(sorted(NETWORKS))}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.networks:
        file = export(name, None if args.weights == "none" else args.weights, args.out / f"{name}.onnx")
        print(f"{file}  {file.stat().st_size / 2**20:.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
