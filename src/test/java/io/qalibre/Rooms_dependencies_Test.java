package io.qalibre;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows between rooms: who may use whom, and which libraries. */
class Rooms_dependencies_Test {
  private static final String BASE = "io.qalibre";
  private static final String ROOT = "root";

  private static final JavaClasses CLASSES = load();

  private static JavaClasses load() {
    // The names of the libraries' classes are enough: reading their files takes many seconds.
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    return new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .importPackages(BASE);
  }

  /**
   * The rooms that each room may use beside {@code errors}. The rooms above the engine speak of
   * graphs, grids and progress, which the engine's own signatures are made of.
   */
  private static final Map<String, Set<String>> ROOMS = rooms();

  private static Map<String, Set<String>> rooms() {
    Map<String, Set<String>> rooms = new TreeMap<>();
    Set<String> values = Set.of("graph", "quant", "progress");
    rooms.put("errors", Set.of());
    rooms.put("quant", Set.of());
    rooms.put("progress", Set.of());
    rooms.put("view", Set.of());
    rooms.put("graph", Set.of("quant"));
    rooms.put("config", Set.of("graph", "quant"));
    rooms.put("engine", values);
    rooms.put("ptq", join(values, "engine", "config", "view"));
    rooms.put("qat", join(values, "engine", "config", "view"));
    rooms.put("analysis", join(values, "ptq", "engine", "view"));
    rooms.put("export", join(Set.of("graph", "quant"), "config", "engine", "view"));
    rooms.put("data", Set.of("graph"));
    rooms.put("models", Set.of("graph"));
    Set<String> inner = Set.copyOf(rooms.keySet());
    rooms.put(ROOT, inner);
    rooms.put("spark", join(inner, ROOT));
    rooms.put("notebook", join(inner, ROOT));
    return rooms;
  }

  /** The libraries of the rooms that are to be light; JSpecify's annotations are for all. */
  private static final Map<String, List<String>> LIBRARIES =
      Map.of(
          "quant", List.of(),
          "progress", List.of(),
          "errors", List.of("org.apache.commons.text.."),
          "graph", List.of("com.google.protobuf..", "ai.onnx.proto.."),
          "config", List.of("com.fasterxml.jackson.."),
          "view", List.of("tech.tablesaw..", "org.knowm.xchart.."));

  private static Set<String> join(Set<String> rooms, String... more) {
    return Stream.concat(rooms.stream(), Arrays.stream(more)).collect(Collectors.toSet());
  }

  private static Stream<String> roomNames() {
    return ROOMS.keySet().stream();
  }

  private static Stream<String> lightRooms() {
    return LIBRARIES.keySet().stream().sorted();
  }

  private static String packageOf(String room) {
    return room.equals(ROOT) ? BASE : BASE + "." + room + "..";
  }

  @ParameterizedTest
  @MethodSource("roomNames")
  void a_room_uses_only_the_rooms_below_it(String room) {
    List<String> allowed = new ArrayList<>(List.of(packageOf(room), BASE + ".errors.."));
    ROOMS.get(room).forEach(other -> allowed.add(packageOf(other)));
    String[] forbidden =
        ROOMS.keySet().stream()
            .map(Rooms_dependencies_Test::packageOf)
            .filter(p -> !allowed.contains(p))
            .toArray(String[]::new);

    if (forbidden.length > 0) {
      noClasses()
          .that()
          .resideInAPackage(packageOf(room))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(forbidden)
          .check(CLASSES);
    }
  }

  @ParameterizedTest
  @MethodSource("lightRooms")
  void a_light_room_uses_only_its_libraries(String room) {
    List<String> allowed = new ArrayList<>(List.of(BASE + "..", "java..", "org.jspecify.."));
    allowed.addAll(LIBRARIES.get(room));
    if (room.equals("view")) {
      allowed.add("javax..");
    }

    classes()
        .that()
        .resideInAPackage(packageOf(room))
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void every_package_is_a_room() {
    Set<String> found =
        CLASSES.stream()
            .map(JavaClass::getPackageName)
            .map(name -> name.equals(BASE) ? ROOT : name.split("\\.")[2])
            .collect(Collectors.toSet());

    assertThat(ROOMS.keySet()).containsAll(found);
  }

  @Test
  void there_are_no_cycles() {
    slices().matching(BASE + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void only_the_engine_knows_the_pytorch_engine() {
    noClasses()
        .that()
        .resideOutsideOfPackage(BASE + ".engine..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl.pytorch..")
        .check(CLASSES);
  }

  @Test
  void only_export_knows_onnx_runtime() {
    noClasses()
        .that()
        .resideOutsideOfPackage(BASE + ".export..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.onnxruntime..")
        .check(CLASSES);
  }

  /** Its scope is `provided`: all other rooms have to load without it. */
  @Test
  void only_spark_knows_spark() {
    noClasses()
        .that()
        .resideOutsideOfPackage(BASE + ".spark..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.spark..", "scala..")
        .check(CLASSES);
  }

  @Test
  void the_pytorch_engine_is_in_no_public_signature() {
    classes().that().arePublic().should(notShow("ai.djl.pytorch")).check(CLASSES);
  }

  @Test
  void the_rule_about_signatures_sees_signatures() {
    ConditionEvents events = ConditionEvents.Factory.create();
    ArchCondition<JavaClass> condition = notShow("ai.djl.training.dataset");
    condition.check(CLASSES.get(Evaluable.class), events);

    assertThat(events.containViolation()).isTrue();
  }

  private static ArchCondition<JavaClass> notShow(String library) {
    return new ArchCondition<>("not show " + library) {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        type.getRawSuperclass().ifPresent(s -> report(s, type.getName(), events));
        type.getInterfaces().forEach(i -> report(i, type.getName(), events));
        type.getMembers().stream()
            .filter(Rooms_dependencies_Test::shown)
            .forEach(m -> signature(m).forEach(t -> report(t, m.getFullName(), events)));
      }

      private void report(JavaType type, String where, ConditionEvents events) {
        boolean found =
            type.getAllInvolvedRawTypes().stream()
                .anyMatch(t -> t.getPackageName().startsWith(library));
        if (found) {
          events.add(SimpleConditionEvent.violated(where, where + " shows " + type.getName()));
        }
      }
    };
  }

  private static boolean shown(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }

  private static List<JavaType> signature(JavaMember member) {
    List<JavaType> types = new ArrayList<>();
    if (member instanceof JavaField field) {
      types.add(field.getType());
    } else if (member instanceof JavaCodeUnit unit) {
      types.add(unit.getReturnType());
      types.addAll(unit.getParameterTypes());
    }
    return types;
  }
}
