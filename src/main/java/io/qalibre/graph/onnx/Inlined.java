package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.List;

/**
 * A graph in which functions and decided branches have been replaced by their nodes.
 *
 * @param nodes the nodes, in the order of the file
 * @param initializers the graph's initializers, then those of the branches
 * @param values what is said of tensors in the graph and in the branches
 */
record Inlined(
    List<NodeProto> nodes, List<TensorProto> initializers, List<ValueInfoProto> values) {}
