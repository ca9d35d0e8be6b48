/**
 * The Jupyter kernel's extension: renderers, imports, live plots and progress. Nobody imports it.
 */
@NullMarked
package io.qalibre.notebook;

import org.jspecify.annotations.NullMarked;
