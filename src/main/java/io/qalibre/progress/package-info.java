/** How long verbs report how far they are: to the console, or to a notebook. */
@NullMarked
package io.qalibre.progress;

import org.jspecify.annotations.NullMarked;
