"""Writes the QDQ files that QdqReader_onnxRuntime_Test reads, quantized by ONNX Runtime.

usage: python src/test/python/qdq_models.py    (needs torch, onnx, onnxruntime)
"""

import os
import tempfile

import numpy as np
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn
from torch.nn import functional

FOLDER = os.path.join(os.path.dirname(__file__), "..", "resources", "io", "qalibre", "export")
FORMS = {
    # Weights and biases as codes, with a grid for each channel.
    "ort_per_channel.onnx": dict(weight_type=QuantType.QInt8, per_channel=True),
    # Weights as floats with a pair, and a pair of its own for each reader of an activation.
    "ort_dedicated_pairs.onnx": dict(
        weight_type=QuantType.QUInt8,
        extra_options={"DedicatedQDQPair": True, "AddQDQPairToWeight": True},
    ),
}


class Net(nn.Module):
    """input N×3×16×16, output N×10."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.c = nn.Conv2d(8, 8, 1)
        self.f = nn.Linear(8 * 16, 10)
        self.p = nn.MaxPool2d(2)

    def forward(self, x):
        x = self.p(torch.relu(self.a(x)))
        y = functional.relu6(self.b(x))
        y = torch.sigmoid(self.c(y)) * y + x
        return self.f(torch.tanh(self.p(y)).flatten(1))


class Samples(CalibrationDataReader):
    def __init__(self):
        random = np.random.RandomState(1)
        self.batches = iter([random.randn(4, 3, 16, 16).astype("f") for _ in range(4)])

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"input": batch}


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        network = os.path.join(folder, "net.onnx")
        torch.onnx.export(
            Net().eval(),
            torch.zeros(1, 3, 16, 16),
            network,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {0: "N"}, "output": {0: "N"}},
            opset_version=17,
            dynamo=False,
        )
        for name, options in FORMS.items():
            quantize_static(
                network,
                os.path.join(FOLDER, name),
                Samples(),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                **options,
            )


if __name__ == "__main__":
    main()
