package io.qalibre.graph.op;

/**
 * A method that programs have beside {@code forward}, for what takes more than an expression.
 *
 * @param name its name, called as {@code (self).name(…, )}
 * @param code its source, indented as the body of a class by two blanks, ending in a newline
 */
public record ScriptMethod(String name, String code) {}
