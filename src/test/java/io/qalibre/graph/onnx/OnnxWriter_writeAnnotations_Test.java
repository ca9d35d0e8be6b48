package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.Models.FLOAT;
import static io.qalibre.graph.onnx.Models.branch;
import static io.qalibre.graph.onnx.Models.call;
import static io.qalibre.graph.onnx.Models.floats;
import static io.qalibre.graph.onnx.Models.function;
import static io.qalibre.graph.onnx.Models.graph;
import static io.qalibre.graph.onnx.Models.integer;
import static io.qalibre.graph.onnx.Models.model;
import static io.qalibre.graph.onnx.Models.node;
import static io.qalibre.graph.onnx.Models.truth;
import static io.qalibre.graph.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorAnnotation;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.qalibre.graph.Annotations;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OnnxWriter_writeAnnotations_Test {

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static OperatorSetIdProto opset(String domain, long version) {
    return OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version).build();
  }

  private static UnknownFieldSet unknown(String text) {
    return UnknownFieldSet.newBuilder()
        .addField(
            999,
            UnknownFieldSet.Field.newBuilder()
                .addLengthDelimited(ByteString.copyFromUtf8(text))
                .build())
        .build();
  }

  private static ValueInfoProto meaning(String name) {
    ValueInfoProto.Builder value = value(name, FLOAT, "N", 2L).toBuilder();
    value.setDocString("doc of " + name).addMetadataProps(entry("k", name));
    value.getTypeBuilder().setDenotation("TENSOR");
    value
        .getTypeBuilder()
        .getTensorTypeBuilder()
        .getShapeBuilder()
        .getDimBuilder(0)
        .setDenotation("DATA_BATCH");
    return value.build();
  }

  /** x → first → s → second → y, with everything that a file can say beside. */
  private static ModelProto everything() {
    ModelProto.Builder model =
        model(
            g ->
                g.setDocString("a graph")
                    .addMetadataProps(entry("of", "graph"))
                    .setUnknownFields(unknown("graph"))
                    .setInput(0, meaning("x"))
                    .setOutput(0, meaning("y"))
                    .addValueInfo(value("s", FLOAT, "N", 2L))
                    .addInitializer(floats("w", 1, 2).toBuilder().setDocString("a weight"))
                    .addInitializer(floats("scale", 1))
                    .addQuantizationAnnotation(
                        TensorAnnotation.newBuilder()
                            .setTensorName("s")
                            .addQuantParameterTensorNames(entry("SCALE_TENSOR", "scale")))
                    .addNode(
                        node("Mul", List.of("x", "w"), "s")
                            .setName("first")
                            .setDocString("line 1")
                            .addMetadataProps(entry("namespace", "net/first"))
                            .setUnknownFields(unknown("node")))
                    .addNode(
                        node("Softmax", List.of("s"), "y")
                            .setName("second")
                            .addAttribute(integer("axis", 1).toBuilder().setDocString("which"))));
    return model
        .setProducerName("p")
        .setProducerVersion("1.2")
        .setDomain("org.example")
        .setModelVersion(7)
        .setDocString("a model")
        .addMetadataProps(entry("of", "model"))
        .addOpsetImport(opset("com.microsoft", 3))
        .setUnknownFields(unknown("model"))
        .build();
  }

  private static Graph read(ModelProto model) {
    return OnnxReader.read("m", model.toByteArray());
  }

  private static ModelProto written(Graph graph) {
    try {
      return ModelProto.parseFrom(OnnxWriter.toBytes(graph));
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void everythingIsWrittenBack() {
    assertThat(written(read(everything()))).isEqualTo(everything());
  }

  @Test
  void aGraphOfOurOwnHasNone() {
    Graph graph = read(model(g -> g.addNode(node("Relu", List.of("x"), "y"))).build());
    assertThat(graph.annotations()).isEqualTo(Annotations.NONE);
  }

  @Test
  void whatBelongsToNodesAndTensorsThatAreGoneIsLeftOut() {
    OperatorNode relu =
        new OperatorNode("relu", "Relu", List.of("x"), List.of("y"), Attributes.NONE);
    Graph changed =
        read(everything()).toBuilder()
            .nodes(List.of(relu))
            .info(new ModelInfo(17, 8, "another program", "", Map.of()))
            .withoutUnusedInitializers()
            .build();

    ModelProto model = written(changed);

    assertThat(model.getGraph())
        .isEqualTo(
            everything().getGraph().toBuilder()
                .clearNode()
                .addNode(node("Relu", List.of("x"), "y").setName("relu"))
                .clearInitializer()
                .clearValueInfo()
                .clearQuantizationAnnotation()
                .build());
    assertThat(model.hasProducerVersion()).isFalse();
    assertThat(model.getModelVersion()).isEqualTo(7);
  }

  @Test
  void axesKeepTheirMeaningOnlyWhereTheRankIsTheSame() {
    ModelProto.Builder model = everything().toBuilder();
    Graph graph = read(model.build());
    Graph scalar =
        new GraphBuilder("g")
            .annotations(graph.annotations())
            .input(new ValueInfo("x", DataType.INT64, TensorShape.of(1, 2, 3)))
            .output(graph.inputs().get(0))
            .build();

    ValueInfoProto input = written(scalar).getGraph().getInput(0);

    assertThat(input.getType().getTensorType().getElemType())
        .isEqualTo(TensorProto.DataType.INT64_VALUE);
    assertThat(input.getType().getTensorType().getShape().getDimList())
        .extracting(dim -> dim.getDimValue() + dim.getDenotation())
        .containsExactly("1", "2", "3");
    assertThat(input.getDocString()).isEqualTo("doc of x");
  }

  @Test
  void nodesOfFunctionsAndBranchesKeepWhatIsSaidOfThem() {
    GraphProto.Builder taken =
        graph("t", node("Relu", List.of("p"), "s").setName("relu"), node("Tanh", List.of("s"), "t"))
            .addValueInfo(value("s", FLOAT, 2L));
    ModelProto model =
        model(
                g ->
                    g.addInitializer(truth("c", true))
                        .addNode(call("F", List.of("x"), "p").setName("n").setDocString("a call"))
                        .addNode(branch("c", taken, taken, "y").setName("if")))
            .addOpsetImport(opset("own", 1))
            .addFunctions(
                function(
                        "F",
                        List.of("a"),
                        List.of("b"),
                        node("Odd", List.of("a"), "b")
                            .setName("odd")
                            .setDomain("other")
                            .setDocString("in F"))
                    .addOpsetImport(opset("", 17))
                    .addOpsetImport(opset("other", 4)))
            .build();

    ModelProto written = written(read(model));

    assertThat(written.getGraph().getNode(0).getName()).isEqualTo("n/odd");
    assertThat(written.getGraph().getNode(0).getDocString()).isEqualTo("in F");
    assertThat(written.getGraph().getValueInfoList()).containsExactly(value("s", FLOAT, 2L));
    assertThat(written.getFunctionsCount()).isZero();
    assertThat(written.getOpsetImportList()).containsExactly(opset("", 17), opset("other", 4));
  }

  @Test
  void shapesOfTensorsThatHaveAnotherTypeInTheGraphAreLeftOut() {
    ModelProto model =
        model(
                g ->
                    g.addValueInfo(value("s", TensorProto.DataType.DOUBLE_VALUE, "N", 2L))
                        .addNode(node("Relu", List.of("x"), "s"))
                        .addNode(node("Relu", List.of("s"), "y")))
            .build();
    assertThat(written(read(model)).getGraph().getValueInfoList()).isEmpty();
  }

  @Test
  void refusesAnnotationsThatAreNone() {
    Graph graph =
        read(everything()).toBuilder().annotations(new Annotations(new byte[] {1})).build();
    assertThatThrownBy(() -> OnnxWriter.toBytes(graph))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage(
            "small: annotations: expected those of a model that was read, found 1 bytes of"
                + " annotations");
  }
}
