/** Datasets, samples and where the project keeps its data. */
@NullMarked
package io.qalibre.data;

import org.jspecify.annotations.NullMarked;
