package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.Models.attribute;
import static io.qalibre.graph.onnx.Models.floats;
import static io.qalibre.graph.onnx.Models.integer;
import static io.qalibre.graph.onnx.Models.model;
import static io.qalibre.graph.onnx.Models.node;
import static io.qalibre.graph.onnx.Models.read;
import static io.qalibre.graph.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import com.google.protobuf.ByteString;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OnnxReader_read_Test {

  @Test
  void keepsNamesShapesAndWhatTheFileSaysAboutItself() {
    byte[] bytes =
        model(g -> g.addNode(node("Relu", List.of("x"), "y").setName("/act/Relu")))
            .setProducerName("pytorch")
            .setDocString("a test")
            .addMetadataProps(StringStringEntryProto.newBuilder().setKey("k").setValue("v"))
            .build()
            .toByteArray();

    Graph graph = OnnxReader.read("m.onnx", new ByteArrayInputStream(bytes));

    TensorShape shape = TensorShape.of(Dim.symbolic("N"), Dim.of(2));
    assertThat(graph.name()).isEqualTo("small");
    assertThat(graph.info()).isEqualTo(new ModelInfo(17, 8, "pytorch", "a test", Map.of("k", "v")));
    assertThat(graph.inputs()).containsExactly(new ValueInfo("x", DataType.FLOAT, shape));
    assertThat(graph.outputs()).containsExactly(new ValueInfo("y", DataType.FLOAT, shape));
    assertThat(graph.nodes())
        .containsExactly(
            new OperatorNode("/act/Relu", "Relu", List.of("x"), List.of("y"), Attributes.NONE));
  }

  @Test
  void namesAGraphWithoutNameLikeItsFile() {
    byte[] bytes =
        model(g -> g.clearName().addNode(node("Relu", List.of("x"), "y"))).build().toByteArray();

    assertThat(OnnxReader.read("models/net.onnx", bytes).name()).isEqualTo("net");
  }

  @Test
  void readsUnknownSizesAndScalars() {
    Graph graph =
        read(
            g ->
                g.addInput(value("a", Models.FLOAT, "", -1L, 0L))
                    .addInput(value("b", Models.FLOAT))
                    .addNode(node("Relu", List.of("x"), "y")));

    assertThat(graph.inputs().get(1).shape())
        .isEqualTo(TensorShape.of(Dim.unknown(), Dim.unknown(), Dim.of(0)));
    assertThat(graph.inputs().get(2).shape()).isEqualTo(TensorShape.of(new long[0]));
  }

  @Test
  void givesNodesWithoutNameAFreeOneOfTheirType() {
    Graph graph =
        read(
            g ->
                g.addNode(node("Relu", List.of("x"), "a"))
                    .addNode(node("Relu", List.of("a"), "b").setName("Relu_1"))
                    .addNode(node("Relu", List.of("b"), "c"))
                    .addNode(node("Sigmoid", List.of("c"), "y")));

    assertThat(graph.nodes())
        .extracting("name")
        .containsExactly("Relu_0", "Relu_1", "Relu_2", "Sigmoid_0");
  }

  @Test
  void namesTypesOfOtherDomainsWithTheirDomain() {
    Graph graph =
        OnnxReader.read(
            "m.onnx",
            model(
                    g ->
                        g.addNode(node("Gelu", List.of("x"), "a").setDomain("com.microsoft"))
                            .addNode(node("Relu", List.of("a"), "y").setDomain("ai.onnx")))
                .addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
                .build()
                .toByteArray());

    assertThat(graph.operators())
        .extracting(OperatorNode::type)
        .containsExactly("com.microsoft::Gelu", "Relu");
  }

  @Test
  void keepsOptionalInputsAndOutputsLeftOut() {
    Graph graph =
        read(
            g ->
                g.addInitializer(floats("max", 6))
                    .addNode(node("Clip", List.of("x", "", "max"), "a"))
                    .addNode(node("Dropout", List.of("a"), "y", "")));

    assertThat(graph.operators().get(0).inputs()).containsExactly("x", "", "max");
    assertThat(graph.operators().get(1).outputs()).containsExactly("y", "");
  }

  @Test
  void readsAttributesOfEveryTypeInOrder() {
    Graph graph =
        read(
            g ->
                g.addNode(
                    node("Odd", List.of("x"), "y")
                        .addAttribute(integer("z", 3))
                        .addAttribute(attribute("f", AttributeType.FLOAT).setF(0.5f))
                        .addAttribute(
                            attribute("s", AttributeType.STRING).setS(ByteString.copyFromUtf8("é")))
                        .addAttribute(attribute("t", AttributeType.TENSOR).setT(floats("", 1, 2)))
                        .addAttribute(attribute("is", AttributeType.INTS).addInts(1).addInts(2))
                        .addAttribute(attribute("fs", AttributeType.FLOATS).addFloats(1.5f))
                        .addAttribute(
                            attribute("ss", AttributeType.STRINGS)
                                .addStrings(ByteString.copyFromUtf8("a")))
                        .addAttribute(attribute("a", AttributeType.INTS))
                        .addAttribute(integer("old", 7).toBuilder().clearType())));

    Map<String, Object> values = graph.operators().get(0).attributes().values();
    assertThat(values.keySet()).containsExactly("z", "f", "s", "t", "is", "fs", "ss", "a", "old");
    assertThat(values.values())
        .containsExactly(
            3L,
            0.5f,
            "é",
            Tensor.of(new float[] {1, 2}, 2),
            List.of(1L, 2L),
            List.of(1.5f),
            List.of("a"),
            List.of(),
            7L);
  }

  @Test
  void sortsNodesThatAreOutOfOrder() {
    Graph graph =
        read(
            g ->
                g.addNode(node("Add", List.of("a", "b"), "y").setName("add"))
                    .addNode(node("Relu", List.of("a"), "b").setName("relu"))
                    .addNode(node("Sigmoid", List.of("x"), "a").setName("sigmoid")));

    assertThat(graph.nodes()).extracting("name").containsExactly("sigmoid", "relu", "add");
  }

  @Test
  void keepsTheFilesOrderWhereItIsOne() {
    Graph graph =
        read(
            g ->
                g.addNode(node("Relu", List.of("x"), "b").setName("2"))
                    .addNode(node("Relu", List.of("b"), "c").setName("3"))
                    .addNode(node("Relu", List.of("x"), "a").setName("1"))
                    .addNode(node("Add", List.of("a", "c"), "y").setName("4")));

    assertThat(graph.nodes()).extracting("name").containsExactly("2", "3", "1", "4");
  }

  @Test
  void doesNotTakeInitializersForInputs() {
    Graph graph =
        read(
            g ->
                g.addInput(value("w", Models.FLOAT, 2L))
                    .addInitializer(floats("w", 1, 2))
                    .addNode(node("Add", List.of("x", "w"), "y")));

    assertThat(graph.inputs()).extracting(ValueInfo::name).containsExactly("x");
    assertThat(graph.initializer("w").floats()).containsExactly(1, 2);
  }

  @Test
  void leavesIdentityAndUnusedInitializersAlone() {
    Graph graph =
        read(
            g ->
                g.addInitializer(floats("unused", 1)).addNode(node("Identity", List.of("x"), "y")));

    assertThat(graph.operators()).extracting(OperatorNode::type).containsExactly("Identity");
    assertThat(graph.initializers()).containsOnlyKeys("unused");
  }
}
