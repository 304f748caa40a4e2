/** Pictures of what {@code kvant quantize} reaches. */
@NullMarked
package org.kvant.benchmarks.quality;

import org.jspecify.annotations.NullMarked;
