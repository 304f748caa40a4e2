/** GGUF v2/v3 files: read by mapping with full validation, written streamed and atomically, split files. */
@NullMarked
package org.kvant.gguf;

import org.jspecify.annotations.NullMarked;
