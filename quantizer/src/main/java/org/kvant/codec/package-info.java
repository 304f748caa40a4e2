/** Every ggml type in Java: encode and decode, byte-identical to ggml's own quantizer. */
@NullMarked
package org.kvant.codec;

import org.jspecify.annotations.NullMarked;
