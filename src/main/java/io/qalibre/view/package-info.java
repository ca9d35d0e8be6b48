/**
 * Builders of tables, charts and reports in one house style, from primitives, arrays and strings.
 */
@NullMarked
package io.qalibre.view;

import org.jspecify.annotations.NullMarked;
