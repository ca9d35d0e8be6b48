package io.qalibre.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class Imports_lines_Test {
  /** What the kernel imports by itself. */
  private static final List<String> KERNEL =
      List.of(
          "java.lang",
          "java.util",
          "java.io",
          "java.math",
          "java.net",
          "java.time",
          "java.util.concurrent",
          "java.util.prefs",
          "java.util.regex");

  @Test
  void give_every_name_of_qalibre_one_meaning() {
    List<String> packages = Stream.concat(KERNEL.stream(), Imports.PACKAGES.stream()).toList();
    List<JavaClass> ours =
        new ClassFileImporter()
            .withImportOption(new DoNotIncludeTests()).importPackages("io.qalibre").stream()
                .filter(type -> Imports.PACKAGES.contains(type.getPackageName()))
                .filter(type -> type.isTopLevelClass())
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .toList();

    assertThat(ours).extracting(JavaClass::getSimpleName).contains("Charts", "QalibreException");
    assertThat(ours)
        .allSatisfy(
            type -> {
              String name = type.getSimpleName();
              assertThat(packages.stream().filter(p -> exists(p + "." + name)))
                  .containsExactly(type.getPackageName());
              assertThat(Imports.CLASSES).noneMatch(single -> single.endsWith("." + name));
            });
  }

  private static boolean exists(String name) {
    try {
      Class.forName(name, false, Imports.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  @Test
  void name_classes_that_exist() {
    assertThat(Imports.CLASSES)
        .allSatisfy(
            name -> assertThat(Class.forName(name, false, getClass().getClassLoader())).isPublic());
  }
}
