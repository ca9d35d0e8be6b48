"""A contender: what aimet_torch or aimet_onnx does of torchvision's MobileNetV2 or ResNet50 before its accuracy is known:
folding and equalizing, making the simulation, finding encodings, export."""

import copy
import io
import logging
import os
import sys
import tempfile
import time

import torch
import torchvision

from turns import answers, serve

CLASSES, BATCHES = 10, 10


class Torch:
    """aimet_torch on a network whose batch normalizations are folded; equalization folds them itself."""

    def __init__(self, network, x):
        from aimet_torch.batch_norm_fold import fold_all_batch_norms

        self.network, self.x = network, x
        self.folded = copy.deepcopy(network)
        fold_all_batch_norms(self.folded, (1, *x.shape[1:]))

    def simulation(self, scheme):
        from aimet_torch import QuantizationSimModel
        from aimet_torch.common.defs import QuantScheme
        from aimet_torch.common.quantsim_config.utils import get_path_for_per_channel_config

        schemes = {"min_max": QuantScheme.min_max, "tf_enhanced": QuantScheme.post_training_tf_enhanced,
                   "percentile": QuantScheme.post_training_percentile}
        return QuantizationSimModel(self.folded, self.x[:1], quant_scheme=schemes[scheme],
                                    config_file=get_path_for_per_channel_config())

    def find_encodings(self, sim, scheme, batches):
        if scheme == "percentile":
            sim.set_percentile_value(99.99)
        sim.compute_encodings(lambda model: [model(self.x) for _ in range(batches)])

    def equalize(self, network):
        from aimet_torch.cross_layer_equalization import equalize_model

        equalize_model(network, (1, *self.x.shape[1:]))

    def copy(self):
        return copy.deepcopy(self.network)

    def export(self, sim, folder):
        sim.export(folder, "network", self.x[:1])


class Onnx:
    """aimet_onnx on the file that torch writes of the network, batch normalizations kept."""

    def __init__(self, network, x):
        import onnx
        import onnxruntime
        from aimet_onnx.batch_norm_fold import fold_all_batch_norms_to_weight

        onnxruntime.set_default_logger_severity(3)
        file = io.BytesIO()
        torch.onnx.export(network, x[:1], file, opset_version=17, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE,
                          do_constant_folding=False, input_names=["input"], dynamic_axes={"input": {0: "N"}})
        self.network, self.x = onnx.load_from_string(file.getvalue()), {"input": x.numpy()}
        self.folded = copy.deepcopy(self.network)
        fold_all_batch_norms_to_weight(self.folded)

    def simulation(self, scheme):
        from aimet_onnx import QuantizationSimModel
        from aimet_onnx.common.defs import QuantScheme
        from aimet_onnx.common.quantsim_config.utils import get_path_for_per_channel_config

        schemes = {"min_max": QuantScheme.min_max, "tf_enhanced": QuantScheme.post_training_tf_enhanced,
                   "percentile": QuantScheme.post_training_percentile}
        return QuantizationSimModel(copy.deepcopy(self.folded), quant_scheme=schemes[scheme],
                                    config_file=get_path_for_per_channel_config(),
                                    session_options_kwargs={"intra_op_num_threads": os.cpu_count()})

    def find_encodings(self, sim, scheme, batches):
        sim.compute_encodings([self.x] * batches)

    def equalize(self, network):
        from aimet_onnx.cross_layer_equalization import equalize_model

        equalize_model(network)

    def copy(self):
        return copy.deepcopy(self.network)

    def export(self, sim, folder):
        sim.export(folder, "network")


def work(peer, task, scheme):
    """What is measured of a task: what it needs first, and what is timed."""
    if task == "equalize":
        return peer.copy, peer.equalize
    if task == "create":
        return lambda: None, lambda _: peer.find_encodings(peer.simulation(scheme), scheme, 1)
    if task == "export":
        sim = peer.simulation(scheme)
        peer.find_encodings(sim, scheme, 1)
        return tempfile.TemporaryDirectory, lambda folder: peer.export(sim, folder.name)
    return lambda: peer.simulation(scheme), lambda sim: peer.find_encodings(sim, scheme, BATCHES)


def main():
    out = answers()
    logging.disable(logging.WARNING)
    name, size, batch, kind, task = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
    scheme = sys.argv[6] if len(sys.argv) > 6 else "min_max"
    torch.manual_seed(1)
    torch.set_num_threads(os.cpu_count())
    network = getattr(torchvision.models, name)(num_classes=CLASSES).eval()
    x = torch.randn(batch, 3, size, size)
    with torch.no_grad():
        before, timed = work(Torch(network, x) if kind == "torch" else Onnx(network, x), task, scheme)

        def once():
            ready = before()
            start = time.perf_counter()
            timed(ready)
            return 1e3 * (time.perf_counter() - start)

        serve(out, once, 1)


if __name__ == "__main__":
    main()
