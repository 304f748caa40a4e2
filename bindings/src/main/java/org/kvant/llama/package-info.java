/** Wrappers over llama.cpp: no segment, raw address or ggml code escapes from here. */
@NullMarked
package org.kvant.llama;

import org.jspecify.annotations.NullMarked;
