package io.qalibre;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the library does not do with files: read code or objects from them, write them half. */
class Rooms_holes_Test {
  private static final JavaClasses CLASSES = load();

  private static JavaClasses load() {
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    return new ClassFileImporter()
        .importUrl(Qalibre.class.getProtectionDomain().getCodeSource().getLocation());
  }

  /** Classes that make objects of whatever a file names, or follow what it points to. */
  private static final List<String> READERS =
      List.of(
          "java.io.ObjectInputStream",
          "java.beans.XMLDecoder",
          "javax.xml..",
          "org.w3c.dom..",
          "org.xml.sax..",
          "java.util.zip.ZipFile",
          "java.util.zip.ZipInputStream",
          "java.util.jar..",
          "java.net.URLClassLoader",
          "javax.script..",
          "com.fasterxml.jackson.databind.jsontype..");

  @Test
  void no_file_names_classes_or_holds_an_archive() {
    for (String reader : READERS) {
      if (reader.endsWith("..")) {
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAPackage(reader)
            .allowEmptyShould(true)
            .check(CLASSES);
      } else {
        noClasses().should().dependOnClassesThat().haveFullyQualifiedName(reader).check(CLASSES);
      }
    }
  }

  /** The engine's own loader reads an archive with a pickle: it is given what was packed here. */
  @Test
  void the_engine_loads_no_program_but_its_own() {
    Set<String> callers =
        CLASSES.stream()
            .flatMap(type -> type.getMethodCallsFromSelf().stream())
            .filter(call -> loadsAModule(call.getTarget()))
            .map(call -> call.getOriginOwner().getSimpleName())
            .collect(Collectors.toSet());

    assertThat(callers).containsExactly("Programs");
  }

  private static boolean loadsAModule(AccessTarget target) {
    return target.getOwner().getName().startsWith("ai.djl.pytorch.jni.")
        && target.getName().toLowerCase(Locale.ROOT).contains("load");
  }

  /** How files are written: by a temporary file that is moved, or under a lock to the end. */
  @Test
  void files_are_written_in_two_places_and_a_log() {
    noClasses()
        .that()
        .doNotHaveSimpleName("AtomicFile")
        .and()
        .doNotHaveSimpleName("RoundingCheckpoint")
        .and()
        // The log of the program that trained the shipped networks, a line an epoch.
        .doNotHaveSimpleName("TrainFp32")
        .should()
        .callCodeUnitWhere(writes())
        .check(CLASSES);
  }

  @Test
  void the_rule_about_writing_sees_who_writes() {
    Set<String> writers =
        CLASSES.stream()
            .filter(Rooms_holes_Test::writesFiles)
            .map(JavaClass::getSimpleName)
            .collect(Collectors.toSet());

    assertThat(writers).containsExactlyInAnyOrder("AtomicFile", "RoundingCheckpoint", "TrainFp32");
  }

  private static boolean writesFiles(JavaClass type) {
    return type.getAccessesFromSelf().stream()
        .filter(access -> access instanceof JavaCall)
        .anyMatch(access -> writes().test((JavaCall<?>) access));
  }

  private static DescribedPredicate<JavaCall<?>> writes() {
    return describe("write files", call -> writes(call.getTarget()));
  }

  private static boolean writes(AccessTarget.CodeUnitCallTarget target) {
    String owner = target.getOwner().getName();
    String name = target.getName();
    boolean constructor = name.equals("<init>");
    return switch (owner) {
      case "java.nio.file.Files" ->
          Set.of("write", "writeString", "newOutputStream", "newBufferedWriter", "newByteChannel")
              .contains(name);
      case "java.io.FileOutputStream", "java.io.FileWriter" -> constructor;
      // Not its constructor: it reads as well.
      case "java.io.RandomAccessFile" -> name.startsWith("write") || name.equals("setLength");
      case "java.nio.channels.FileChannel" -> name.equals("open");
      case "javax.imageio.ImageIO" ->
          name.equals("write")
              && target.getRawParameterTypes().stream()
                  .anyMatch(type -> type.getName().equals("java.io.File"));
      default -> false;
    };
  }
}
