/** The pipeline from a full-precision GGUF file to a quantized one: plan, round, write. */
@NullMarked
package org.kvant.quantize;

import org.jspecify.annotations.NullMarked;
