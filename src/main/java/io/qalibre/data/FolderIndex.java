package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The files of folders with a folder for each class.
 *
 * @param files the files, in order of classes and names
 * @param labels the class of each
 * @param classes the classes' names
 */
@SuppressWarnings("ArrayRecordComponent") // Identity is all the equality that is wanted here.
record FolderIndex(List<Path> files, int[] labels, List<String> classes) {
  /** Files that list the classes in order, a line a class that begins with its folder's name. */
  static final List<String> LISTS = List.of("synsets.txt", "LOC_synset_mapping.txt");

  private static final List<String> ENDINGS = List.of(".jpeg", ".jpg", ".png");

  /**
   * Lists pictures.
   *
   * @param parts the folders, one after the other
   * @param classes the names of the folders in them by class
   * @throws QalibreException if a folder is missing, holds no folder, one that is no class, or one
   *     without a picture
   */
  static FolderIndex of(List<Path> parts, List<String> classes) {
    Map<String, Integer> labels = new LinkedHashMap<>();
    classes.forEach(name -> labels.put(name, labels.size()));
    List<Path> files = new ArrayList<>();
    List<Integer> found = new ArrayList<>();
    for (Path part : parts) {
      for (Path folder : folders(part)) {
        String name = String.valueOf(folder.getFileName());
        Integer label = labels.get(name);
        if (label == null) {
          throw new UnknownNameException("class", name, folder.toString(), classes);
        }
        for (Path file : pictures(folder)) {
          files.add(file);
          found.add(label);
        }
      }
    }
    return new FolderIndex(
        List.copyOf(files), found.stream().mapToInt(Integer::intValue).toArray(), classes);
  }

  /** The positions of the files that lie below a folder. */
  int[] below(Path folder) {
    return IntStream.range(0, files.size()).filter(i -> files.get(i).startsWith(folder)).toArray();
  }

  /**
   * The classes of a folder: those that its list names, in the list's order, or else the names of
   * the folders in a part of it, sorted.
   */
  static List<String> classes(Path root, Path part) {
    for (String list : LISTS) {
      Path file = root.resolve(list);
      if (Files.isRegularFile(file)) {
        return listed(file);
      }
    }
    return folders(part).stream().map(folder -> String.valueOf(folder.getFileName())).toList();
  }

  private static List<String> listed(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> !line.isBlank())
          .map(line -> line.strip().split("[\\s,]", 2)[0])
          .toList();
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new QalibreException("list of classes `" + file + "` cannot be read: " + e, e);
    }
  }

  private static List<Path> folders(Path part) {
    List<Path> folders = list(part).stream().filter(Files::isDirectory).toList();
    if (folders.isEmpty()) {
      throw new QalibreException(
          "`" + part + "` holds no folders; expected one for each class, with its pictures");
    }
    return folders;
  }

  private static List<Path> pictures(Path folder) {
    List<Path> pictures =
        list(folder).stream()
            .filter(
                file ->
                    ENDINGS.stream().anyMatch(file.toString().toLowerCase(Locale.ROOT)::endsWith))
            .toList();
    if (pictures.isEmpty()) {
      throw new QalibreException(
          "class folder `" + folder + "` holds no picture; expected files that end in " + ENDINGS);
    }
    return pictures;
  }

  private static List<Path> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new QalibreException("no folder `" + folder + "`");
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new QalibreException("folder `" + folder + "` cannot be read: " + e, e);
    }
  }
}
