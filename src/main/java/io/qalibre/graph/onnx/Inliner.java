package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Replaces calls of a model's own functions, and {@code If} nodes whose condition is constant, by
 * the nodes inside. Tensors inside a function {@code f} called by a node {@code n} are named {@code
 * n/<name in f>}; those of a branch keep their name where nothing else has it. Nodes and
 * initializers that only worked out a condition are dropped with it.
 *
 * <p>Source: ONNX's <a href="https://github.com/onnx/onnx/blob/main/docs/IR.md">IR
 * specification</a>, sections "Functions" and "Graphs".
 */
final class Inliner {
  private final OnnxFile file;
  private final GraphProto graph;
  private final InliningBudget budget;
  private final InnerNames names;
  private final Functions functions;
  private final Conditions conditions;
  private final Renames renames;
  private final Set<String> decided = new HashSet<>();
  private final List<NodeProto> nodes = new ArrayList<>();
  private final List<TensorProto> initializers = new ArrayList<>();
  private final List<ValueInfoProto> values = new ArrayList<>();

  Inliner(OnnxFile file, ModelProto model, TensorDecoder tensors) {
    this.file = file;
    this.graph = model.getGraph();
    this.budget = new InliningBudget(file, model.getSerializedSize());
    this.names = new InnerNames(budget, graph);
    this.functions = new Functions(file, model.getFunctionsList());
    this.conditions = new Conditions(tensors, graph);
    this.renames = new Renames(file);
    initializers.addAll(graph.getInitializerList());
    values.addAll(graph.getValueInfoList());
  }

  /**
   * The graph without calls and decided branches.
   *
   * @throws OnnxFormatException if a function calls itself, calls do not go together with their
   *     functions, or the result would be too large
   */
  Inlined inline() {
    expandAll(graph.getNodeList(), Scope.graph(names));
    Set<String> outputs =
        graph.getOutputList().stream().map(ValueInfoProto::getName).collect(Collectors.toSet());
    return UnreadNodes.drop(new Inlined(nodes, initializers, values), outputs, decided);
  }

  private void expandAll(List<NodeProto> all, Scope scope) {
    for (NodeProto node : all) {
      if (!scope.isGraph()) {
        budget.part(NodeOrder.label(node), node.getSerializedSize());
      }
      expand(renames.apply(node, scope), scope);
    }
  }

  private void expand(NodeProto node, Scope scope) {
    @Nullable FunctionProto function = functions.called(node);
    if (function != null) {
      functions.enter(node);
      call(function, node);
      functions.leave();
      return;
    }
    Optional<Boolean> condition = isIf(node) ? conditions.of(node.getInput(0)) : Optional.empty();
    if (condition.isPresent()) {
      decided.add(node.getInput(0));
      branch(node, scope, condition.get() ? "then_branch" : "else_branch");
    } else {
      emit(node);
    }
  }

  private static boolean isIf(NodeProto node) {
    return Constants.isOnnx(node) && node.getOpType().equals("If") && node.getInputCount() == 1;
  }

  private void emit(NodeProto node) {
    nodes.add(node);
    conditions.add(node);
  }

  private void call(FunctionProto function, NodeProto call) {
    String where = NodeOrder.label(call);
    refuseMore(where, "inputs", function.getInputCount(), call.getInputCount());
    refuseMore(where, "outputs", function.getOutputCount(), call.getOutputCount());
    Map<String, AttributeProto> given = new HashMap<>();
    function.getAttributeProtoList().forEach(a -> given.put(a.getName(), a));
    call.getAttributeList().forEach(a -> given.put(a.getName(), a));
    String name = name(call);
    Scope inside = Scope.function(names, name, given);
    for (int i = 0; i < function.getInputCount(); i++) {
      String parameter = function.getInput(i);
      if (!inside.bind(parameter, i < call.getInputCount() ? call.getInput(i) : "")) {
        throw file.error(
            where, "a function whose inputs have names of their own", "`" + parameter + "`");
      }
    }
    List<NodeProto> copies = bind(call, function.getOutputList(), inside);
    budget.enter(where);
    expandAll(function.getNodeList(), inside);
    budget.leave();
    copy(copies, name, inside);
  }

  private void branch(NodeProto node, Scope scope, String attribute) {
    String where = NodeOrder.label(node);
    GraphProto branch = Branches.require(file, node, attribute);
    refuseMore(where, "outputs", branch.getOutputCount(), node.getOutputCount());
    String name = name(node);
    Scope inside = scope.branch(name, branch);
    List<String> results = branch.getOutputList().stream().map(ValueInfoProto::getName).toList();
    List<NodeProto> copies = bind(node, results, inside);
    for (TensorProto initializer : branch.getInitializerList()) {
      budget.part(where, initializer.getSerializedSize());
      String tensor = inside.tensor(initializer.getName());
      initializers.add(initializer.toBuilder().setName(tensor).build());
      conditions.add(initializers.get(initializers.size() - 1));
    }
    budget.enter(where);
    expandAll(branch.getNodeList(), inside);
    budget.leave();
    copy(copies, name, inside);
    for (ValueInfoProto value : branch.getValueInfoList()) {
      budget.part(where, value.getSerializedSize());
      values.add(value.toBuilder().setName(inside.tensor(value.getName())).build());
    }
  }

  /**
   * Gives the results of a function or branch the names that the node around it has for them.
   *
   * @return for each result that cannot be renamed, being an input, a tensor from outside, or given
   *     out twice, a node that copies it
   */
  private static List<NodeProto> bind(NodeProto node, List<String> results, Scope inside) {
    List<NodeProto> copies = new ArrayList<>();
    for (int i = 0; i < node.getOutputCount(); i++) {
      String output = node.getOutput(i);
      if (!output.isEmpty() && !inside.bind(results.get(i), output)) {
        copies.add(
            NodeProto.newBuilder()
                .setOpType("Identity")
                .addInput(results.get(i))
                .addOutput(output)
                .build());
      }
    }
    return copies;
  }

  private void copy(List<NodeProto> copies, String name, Scope inside) {
    for (NodeProto copy : copies) {
      emit(
          copy.toBuilder()
              .setName(names.counted(name + "/Identity"))
              .setInput(0, inside.tensor(copy.getInput(0)))
              .build());
    }
  }

  private String name(NodeProto node) {
    return node.getName().isEmpty() ? names.counted(node.getOpType()) : node.getName();
  }

  private void refuseMore(String where, String what, int most, int found) {
    if (found > most) {
      throw file.error(where, "at most " + most + " " + what + ", as many as inside", "" + found);
    }
  }
}
