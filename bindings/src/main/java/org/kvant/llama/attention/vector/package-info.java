/** The arithmetic of {@link org.kvant.llama.attention} on the Vector API. */
@NullMarked
package org.kvant.llama.attention.vector;

import org.jspecify.annotations.NullMarked;
