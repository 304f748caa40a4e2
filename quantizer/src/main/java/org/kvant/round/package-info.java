/** Rounding of weight matrices into ggml block types under the second moment of their inputs: feedback and descent. */
@NullMarked
package org.kvant.round;

import org.jspecify.annotations.NullMarked;
