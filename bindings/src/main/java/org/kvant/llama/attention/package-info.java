/**
 * Attention over a quantized KV cache on the CPU, in place of ggml's: which of a graph's operations it can compute, and the seam behind which
 * the arithmetic is.
 */
@NullMarked
package org.kvant.llama.attention;

import org.jspecify.annotations.NullMarked;
