/** ggml's own encoders and decoders of blocks. */
@NullMarked
package org.kvant.llama.quant;

import org.jspecify.annotations.NullMarked;
