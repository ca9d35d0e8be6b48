package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.List;

/** Decodes the inputs and outputs of a graph. */
final class ValueInfoDecoder {
  private final OnnxFile file;

  ValueInfoDecoder(OnnxFile file) {
    this.file = file;
  }

  /**
   * An input or output.
   *
   * @param kind {@code input} or {@code output}, for errors
   */
  ValueInfo decode(String kind, ValueInfoProto proto) {
    String what = kind + " `" + proto.getName() + "`";
    if (proto.getName().isEmpty()) {
      throw file.error(what, "a name", "none");
    }
    if (!proto.getType().hasTensorType()) {
      throw file.error(what, "a tensor", proto.getType().getValueCase().name());
    }
    TypeProto.Tensor tensor = proto.getType().getTensorType();
    DataType type = ElementTypes.require(file, what, tensor.getElemType());
    if (!tensor.hasShape()) {
      throw file.error(what, "a shape (ONNX's own shape inference can add it to the file)", "none");
    }
    List<Dim> dims = new ArrayList<>();
    for (Dimension dim : tensor.getShape().getDimList()) {
      dims.add(dim(what, dim));
    }
    return new ValueInfo(proto.getName(), type, new TensorShape(dims));
  }

  private Dim dim(String what, Dimension dim) {
    if (dim.hasDimParam() && !dim.getDimParam().isEmpty()) {
      return Dim.symbolic(dim.getDimParam());
    }
    // Some exporters write -1 for a size that is not known.
    if (!dim.hasDimValue() || dim.getDimValue() == Dim.UNKNOWN) {
      return Dim.unknown();
    }
    if (dim.getDimValue() < 0) {
      throw file.error(what, "dimensions of 0 or more", Long.toString(dim.getDimValue()));
    }
    return Dim.of(dim.getDimValue());
  }
}
