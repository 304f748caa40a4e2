/** The codecs against ggml's own quantizer. */
@NullMarked
package org.kvant.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
