/** Hugging Face checkpoints (safetensors, tokenizer, config) to GGUF, one class an architecture family. */
@NullMarked
package org.kvant.convert;

import org.jspecify.annotations.NullMarked;
