/** Speculative decoding: tokens proposed by prompt look-up or a draft model, and when that pays. */
@NullMarked
package org.kvant.engine.speculation;

import org.jspecify.annotations.NullMarked;
