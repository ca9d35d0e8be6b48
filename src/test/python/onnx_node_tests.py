"""Writes the ONNX project's own backend node tests in the form that OnnxNodeTests_run_Test reads.

What it writes is committed, so that the tests need neither Python nor a network. To write it anew:

    python3 -m venv target/onnx
    target/onnx/bin/pip install onnx==1.23.2 numpy==2.4.6
    target/onnx/bin/python src/test/python/onnx_node_tests.py

Three files in src/test/resources/onnx, the same bytes at every run:

  node-tests.tsv     a line for each node test there is: its name; why it is left out, or `-`; the operator set its
                     model declares; rtol and atol; the operators of its model, those in subgraphs too
  node-tests.tar.gz  the tests in scope, in ONNX's own layout: NAME/model.onnx, NAME/input_0.pb …, NAME/output_0.pb …;
                     the tensors carry their names and keep their elements in raw_data
  operators.tsv      a line for each operator of the domain ai.onnx: its name, the operator set of its newest version,
                     and whether that version is deprecated
"""

import gzip
import io
import sys
import tarfile
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, defs, numpy_helper
from onnx.backend.test.case.node import collect_testcases

VERSION = "1.23.2"
TARGET = Path(__file__).resolve().parents[1] / "resources" / "onnx"

# The operators that CNNs, segmentation and detection heads, and vision and text transformers need, by family. A test is
# in scope when its model uses no others, whether Qalibre has them yet or not.
SCOPE = set(
    # Convolutions and matrix products.
    "Conv ConvTranspose Gemm MatMul Einsum "
    # Normalizations.
    "BatchNormalization LayerNormalization InstanceNormalization GroupNormalization RMSNormalization LRN "
    "LpNormalization MeanVarianceNormalization "
    # Activations.
    "Relu LeakyRelu ThresholdedRelu PRelu Elu Selu Celu Clip Sigmoid HardSigmoid HardSwish Swish Mish Gelu Erf Tanh "
    "Softplus Softsign Shrink Softmax LogSoftmax Hardmax "
    # Elementwise arithmetic.
    "Add Sub Mul Div Mod Pow Neg Abs Sign Reciprocal Sqrt Exp Log Floor Ceil Round Min Max Sum Mean "
    "Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh "
    # Comparison and logic.
    "Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf And Or Xor Not "
    "BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitShift Where "
    # Reductions.
    "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum "
    "ReduceLogSumExp ArgMax ArgMin CumSum CumProd TopK "
    # Pooling.
    "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool "
    # Shapes and layout; Scatter is the old name of ScatterElements, Upsample that of Resize.
    "Pad Resize Upsample Concat Split Slice Gather GatherElements GatherND Scatter ScatterElements ScatterND Reshape "
    "Flatten Squeeze Unsqueeze Transpose Expand Tile DepthToSpace SpaceToDepth Trilu "
    # Constants, types and sizes.
    "Constant ConstantOfShape Range Shape Size Cast CastLike Identity Dropout "
    # Recurrent networks, and control flow.
    "RNN LSTM GRU If".split()
)

# The element types that Qalibre does not hold, by class.
CLASSES = {
    TensorProto.STRING: "string",
    TensorProto.COMPLEX64: "complex",
    TensorProto.COMPLEX128: "complex",
    TensorProto.FLOAT8E4M3FN: "float8",
    TensorProto.FLOAT8E4M3FNUZ: "float8",
    TensorProto.FLOAT8E5M2: "float8",
    TensorProto.FLOAT8E5M2FNUZ: "float8",
    TensorProto.FLOAT8E8M0: "float8",
    TensorProto.FLOAT4E2M1: "float4",
    TensorProto.INT4: "int4",
    TensorProto.UINT4: "int4",
    TensorProto.INT2: "int2",
    TensorProto.UINT2: "int2",
    # Values that are not dense tensors.
    "sequence_type": "sequence",
    "optional_type": "optional",
    "map_type": "map",
    "sparse_tensor_type": "sparse",
}


def graphs(graph):
    """A graph and those inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
                yield from graphs(inner)


def operators(model):
    return sorted({f"{node.domain}.{node.op_type}".lstrip(".") for graph in graphs(model.graph) for node in graph.node})


def types(model):
    """The types of all values and constants: numbers of element types, or kinds of what is no tensor."""
    for graph in graphs(model.graph):
        for value in [*graph.input, *graph.output, *graph.value_info]:
            kind = value.type.WhichOneof("value")
            yield value.type.tensor_type.elem_type if kind == "tensor_type" else kind
        for tensor in graph.initializer:
            yield tensor.data_type
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.type == AttributeProto.TENSOR:
                    yield attribute.t.data_type
                elif node.op_type == "Constant" and attribute.name.startswith("value_string"):
                    yield TensorProto.STRING
                elif node.op_type == "Cast" and attribute.name == "to":
                    yield attribute.i


def reason(model):
    """Why a test is left out: `operators`, or the class of a data type; None for a test in scope."""
    if not SCOPE.issuperset(operators(model)):
        return "operators"
    found = {CLASSES[kind] for kind in types(model) if kind in CLASSES}
    return next((name for name in CLASSES.values() if name in found), None)


def tensor(value, name):
    """An array as ONNX writes it, with its elements in raw_data."""
    array = numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)
    return numpy_helper.from_array(array, name).SerializeToString(deterministic=True)


def files(case):
    """What a test consists of: names and contents."""
    (inputs, outputs), = case.data_sets
    graph = case.model.graph
    assert len(inputs) == len(graph.input) and len(outputs) == len(graph.output), case.name
    yield "model.onnx", case.model.SerializeToString(deterministic=True)
    for i, (value, info) in enumerate(zip(inputs, graph.input)):
        yield f"input_{i}.pb", tensor(value, info.name)
    for i, (value, info) in enumerate(zip(outputs, graph.output)):
        yield f"output_{i}.pb", tensor(value, info.name)


def opset(model):
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), "-")


def cases():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    np.random.seed(0)  # some tests draw their data without a seed of their own
    return sorted(collect_testcases(None), key=lambda case: case.name)


def archive(tests):
    """Tests in scope, as a compressed tar file without anything of the machine that writes it."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as compressed:
        with tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for case in tests:
                for name, content in files(case):
                    entry = tarfile.TarInfo(f"{case.name}/{name}")
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def write(name, content):
    (TARGET / name).write_bytes(content)
    print(f"{TARGET / name}: {len(content):,} bytes")


def table(rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()


def main():
    if onnx.__version__ != VERSION:
        sys.exit(f"the node tests are those of onnx {VERSION}, found {onnx.__version__}")
    TARGET.mkdir(parents=True, exist_ok=True)
    tests = cases()
    left_out = {case.name: reason(case.model) for case in tests}
    rows = ((case.name, left_out[case.name] or "-", opset(case.model), case.rtol, case.atol,
             " ".join(operators(case.model))) for case in tests)
    write("node-tests.tsv", table(rows))
    write("node-tests.tar.gz", archive([case for case in tests if left_out[case.name] is None]))
    newest = {schema.name: schema for schema in defs.get_all_schemas() if schema.domain == ""}
    write("operators.tsv", table((name, newest[name].since_version, "deprecated" if newest[name].deprecated else "-")
                                 for name in sorted(newest)))


if __name__ == "__main__":
    main()
