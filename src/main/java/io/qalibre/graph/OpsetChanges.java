package io.qalibre.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What ONNX's operator sets 8 to 21 changed of the operators of the catalogue, as far as an older
 * node means something else by the newer rules. New element types, axes counted from the end and
 * attributes whose default is what was before need no rewrite.
 */
final class OpsetChanges {
  /** In order of the operator sets: a rewrite is given what those before it wrote. */
  static final List<OpsetChange> ALL =
      List.of(
          OpsetChange.of(9, OpsetChanges::batchNormOfChannels, "BatchNormalization"),
          OpsetChange.of(10, OpsetChanges::sliceInputs, "Slice"),
          OpsetChange.of(10, OpsetChanges::topKInput, "TopK"),
          OpsetChange.of(10, OpsetChanges::dropoutWithoutMask, "Dropout"),
          OpsetChange.of(10, OpsetChanges::upsampleIsResize, "Upsample"),
          OpsetChange.of(11, OpsetChanges::clipInputs, "Clip"),
          OpsetChange.of(11, OpsetChanges::padInputs, "Pad"),
          OpsetChange.of(11, OpsetChanges::scatterElements, "Scatter"),
          OpsetChange.of(11, OpsetChanges::resizeByCoordinates, "Resize"),
          OpsetChange.of(12, (node, c) -> c.numberAsInput(node, "ratio", 1), "Dropout"),
          OpsetChange.of(13, (node, c) -> c.integersAsInput(node, "split", 1), "Split"),
          OpsetChange.of(
              13,
              (node, c) -> c.integersAsInput(node, "axes", 1),
              "Squeeze",
              "Unsqueeze",
              "ReduceSum"),
          new OpsetChange(
              13, Set.of("Softmax", "LogSoftmax", "Hardmax"), OpsetChanges::softmaxOfOneAxis),
          OpsetChange.of(13, OpsetChanges::resizeWithoutEmptyInputs, "Resize"),
          OpsetChange.of(14, OpsetChanges::batchNormOfOneOutput, "BatchNormalization"),
          OpsetChange.of(
              18,
              (node, c) -> c.integersAsInput(node, "axes", 1),
              "ReduceL1",
              "ReduceL2",
              "ReduceLogSum",
              "ReduceLogSumExp",
              "ReduceMax",
              "ReduceMean",
              "ReduceMin",
              "ReduceProd",
              "ReduceSumSquare"),
          OpsetChange.of(18, OpsetChanges::splitCounted, "Split"),
          OpsetChange.of(20, OpsetChanges::gridSampleModes, "GridSample"),
          new OpsetChange(21, Set.of("GroupNormalization"), OpsetChanges::groupNormOfChannels));

  private OpsetChanges() {}

  private static OperatorNode batchNormOfChannels(OperatorNode node, UpgradeContext c) {
    if (!node.attributes().flag("spatial", true)) {
      throw c.error(node, "statistics of a channel", "spatial = 0, statistics of an element");
    }
    return node.withAttributes(node.attributes().without("spatial"));
  }

  private static OperatorNode batchNormOfOneOutput(OperatorNode node, UpgradeContext c) {
    return withFirstOutput(node, c);
  }

  /** Since then the mask is of truth values. */
  private static OperatorNode dropoutWithoutMask(OperatorNode node, UpgradeContext c) {
    return withFirstOutput(node, c);
  }

  private static OperatorNode withFirstOutput(OperatorNode node, UpgradeContext c) {
    for (String other : node.outputs().subList(1, node.outputs().size())) {
      if (c.isRead(other)) {
        throw c.error(node, "nothing that reads more than its first output", "`" + other + "`");
      }
    }
    return node.withOutputs(node.outputs().subList(0, 1));
  }

  private static OperatorNode sliceInputs(OperatorNode node, UpgradeContext c) {
    OperatorNode started = c.integersAsInput(node, "starts", 1);
    return c.integersAsInput(c.integersAsInput(started, "ends", 2), "axes", 3);
  }

  private static OperatorNode topKInput(OperatorNode node, UpgradeContext c) {
    long k = node.attributes().integer("k", 1);
    return c.asInput(node, "k", 1, Tensor.of(new long[] {k}, 1));
  }

  private static OperatorNode clipInputs(OperatorNode node, UpgradeContext c) {
    return c.numberAsInput(c.numberAsInput(node, "min", 1), "max", 2);
  }

  private static OperatorNode padInputs(OperatorNode node, UpgradeContext c) {
    return c.numberAsInput(c.integersAsInput(node, "pads", 1), "value", 2);
  }

  private static OperatorNode scatterElements(OperatorNode node, UpgradeContext c) {
    return withType(node, "ScatterElements");
  }

  /** Upsample had its scales as an attribute until 9; since 10 it is deprecated. */
  private static OperatorNode upsampleIsResize(OperatorNode node, UpgradeContext c) {
    Object scales = node.attributes().values().get("scales");
    OperatorNode resize = withType(node, "Resize");
    if (!(scales instanceof List<?> list)) {
      return resize;
    }
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = ((Number) list.get(i)).floatValue();
    }
    return c.asInput(resize, "scales", 1, Tensor.of(values, values.length));
  }

  /**
   * Resize 10 divides an output's index by the scale; the nearest element is the one below where it
   * enlarges and the one above where it makes smaller.
   */
  private static OperatorNode resizeByCoordinates(OperatorNode node, UpgradeContext c) {
    Attributes attributes = node.attributes().with("coordinate_transformation_mode", "asymmetric");
    if (attributes.text("mode", "nearest").equals("nearest")) {
      attributes = attributes.with("nearest_mode", nearest(node, c));
    }
    // Until 12 an input that is not needed is an empty vector.
    String region = c.add(node, "roi", Tensor.of(new float[0], 0));
    return node.withInputs(List.of(node.input(0), region, node.input(1)))
        .withAttributes(attributes);
  }

  private static String nearest(OperatorNode node, UpgradeContext c) {
    Optional<float[]> scales = c.constant(node.input(1)).map(Tensor::floats);
    if (scales.isEmpty()) {
      throw c.error(
          node, "scales that are constant", "the computed tensor `" + node.input(1) + "`");
    }
    boolean enlarges = false;
    boolean shrinks = false;
    for (float scale : scales.get()) {
      enlarges |= scale > 1;
      shrinks |= scale < 1;
    }
    if (enlarges && shrinks) {
      throw c.error(node, "scales that all enlarge or all make smaller", "some of each");
    }
    return shrinks ? "ceil" : "floor";
  }

  private static OperatorNode resizeWithoutEmptyInputs(OperatorNode node, UpgradeContext c) {
    String coordinates = node.attributes().text("coordinate_transformation_mode", "");
    if (coordinates.equals("tf_half_pixel_for_nn")) {
      throw c.error(node, "a coordinate_transformation_mode that is still there", coordinates);
    }
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.replaceAll(
        tensor -> c.constant(tensor).filter(v -> v.size() == 0).map(v -> "").orElse(tensor));
    return node.withInputs(inputs);
  }

  /** Until 12 the axes from the given one on were taken together; since then it is that axis. */
  private static List<OperatorNode> softmaxOfOneAxis(OperatorNode node, UpgradeContext c) {
    int rank = c.shape(node.input(0)).rank();
    long given = node.attributes().integer("axis", 1);
    long axis = given < 0 ? given + rank : given;
    if (axis == rank - 1) {
      return List.of(node.withAttributes(node.attributes().with("axis", axis)));
    }
    String matrix = c.between(node, "rows");
    String result = c.between(node, "matrix");
    String shape = c.between(node, "shape");
    OperatorNode flatten = c.beside(node, "Flatten", List.of(node.input(0)), matrix);
    return List.of(
        flatten.withAttributes(Attributes.NONE.with("axis", axis)),
        node.withInputs(List.of(matrix))
            .withOutputs(List.of(result))
            .withAttributes(Attributes.NONE.with("axis", 1L)),
        c.beside(node, "Shape", List.of(node.input(0)), shape),
        c.beside(node, "Reshape", List.of(result, shape), node.output()));
  }

  private static OperatorNode splitCounted(OperatorNode node, UpgradeContext c) {
    return node.hasInput(1)
        ? node
        : node.withAttributes(node.attributes().with("num_outputs", (long) node.outputs().size()));
  }

  private static OperatorNode gridSampleModes(OperatorNode node, UpgradeContext c) {
    String mode = node.attributes().text("mode", "bilinear");
    String renamed =
        switch (mode) {
          case "bilinear" -> "linear";
          case "bicubic" -> "cubic";
          default -> mode;
        };
    return node.withAttributes(node.attributes().with("mode", renamed));
  }

  /** Until 20 scale and bias had a value a group, since then they have one a channel. */
  private static List<OperatorNode> groupNormOfChannels(OperatorNode node, UpgradeContext c) {
    long groups = node.attributes().integer("num_groups", 0);
    Dim channels = c.shape(node.input(0)).dim(1);
    if (groups < 1 || !channels.known()) {
      throw c.error(node, "a known number of channels, and of groups", channels + ", " + groups);
    }
    long each = channels.size() / groups;
    List<OperatorNode> nodes = new ArrayList<>();
    List<String> inputs = new ArrayList<>(node.inputs());
    for (int i = 1; i <= 2; i++) {
      inputs.set(i, spread(node, node.input(i), each, nodes, c));
    }
    nodes.add(node.withInputs(inputs));
    return nodes;
  }

  /** A vector with each of its elements so many times. */
  private static String spread(
      OperatorNode node, String vector, long each, List<OperatorNode> nodes, UpgradeContext c) {
    Tensor constant = c.constant(vector).orElse(null);
    if (constant != null) {
      float[] values = constant.floats();
      float[] result = new float[Math.toIntExact(values.length * each)];
      for (int i = 0; i < result.length; i++) {
        result[i] = values[(int) (i / each)];
      }
      return c.add(node, "of_channels", Tensor.of(result, result.length));
    }
    String column = c.between(node, "column");
    String table = c.between(node, "table");
    String spread = c.between(node, "of_channels");
    String columns = c.add(node, "columns", Tensor.of(new long[] {-1, 1}, 2));
    String sizes = c.add(node, "sizes", Tensor.of(new long[] {1, each}, 2));
    String flat = c.add(node, "flat", Tensor.of(new long[] {-1}, 1));
    nodes.add(c.beside(node, "Reshape", List.of(vector, columns), column));
    nodes.add(c.beside(node, "Expand", List.of(column, sizes), table));
    nodes.add(c.beside(node, "Reshape", List.of(table, flat), spread));
    return spread;
  }

  private static OperatorNode withType(OperatorNode node, String type) {
    return new OperatorNode(node.name(), type, node.inputs(), node.outputs(), node.attributes());
  }
}
