package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.google.protobuf.ByteString;
import io.qalibre.graph.Attributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Decodes the attributes of nodes. */
final class AttributeDecoder {
  private final OnnxFile file;
  private final TensorDecoder tensors;

  AttributeDecoder(OnnxFile file, TensorDecoder tensors) {
    this.file = file;
    this.tensors = tensors;
  }

  /**
   * The attributes of a node, in the order of the file.
   *
   * @param where the node, for errors
   */
  Attributes decode(String where, NodeProto node) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (AttributeProto attribute : node.getAttributeList()) {
      String what = where + ", attribute `" + attribute.getName() + "`";
      if (values.put(attribute.getName(), value(what, attribute)) != null) {
        throw file.error(what, "one value", "the attribute twice");
      }
    }
    return values.isEmpty() ? Attributes.NONE : new Attributes(values);
  }

  private Object value(String what, AttributeProto attribute) {
    AttributeType type = type(attribute);
    return switch (type) {
      case INT -> attribute.getI();
      case FLOAT -> attribute.getF();
      case STRING -> text(what, attribute.getS());
      case TENSOR -> tensors.decode(what, attribute.getT());
      case INTS -> List.copyOf(attribute.getIntsList());
      case FLOATS -> List.copyOf(attribute.getFloatsList());
      case STRINGS -> attribute.getStringsList().stream().map(s -> text(what, s)).toList();
      default ->
          throw file.error(what, "an integer, float, text, tensor, or list of them", type.name());
    };
  }

  /** The type; files of the first format version do not state it. */
  private static AttributeType type(AttributeProto attribute) {
    if (attribute.hasType() && attribute.getType() != AttributeType.UNDEFINED) {
      return attribute.getType();
    }
    if (attribute.hasI()) {
      return AttributeType.INT;
    } else if (attribute.hasF()) {
      return AttributeType.FLOAT;
    } else if (attribute.hasS()) {
      return AttributeType.STRING;
    } else if (attribute.hasT()) {
      return AttributeType.TENSOR;
    } else if (attribute.getIntsCount() > 0) {
      return AttributeType.INTS;
    } else if (attribute.getFloatsCount() > 0) {
      return AttributeType.FLOATS;
    } else if (attribute.getStringsCount() > 0) {
      return AttributeType.STRINGS;
    }
    return AttributeType.UNDEFINED;
  }

  private String text(String what, ByteString bytes) {
    if (!bytes.isValidUtf8()) {
      throw file.error(what, "a text in UTF-8", bytes.size() + " other bytes");
    }
    return bytes.toStringUtf8();
  }
}
