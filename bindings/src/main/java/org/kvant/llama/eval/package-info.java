/** A look at the intermediate results of a decode. */
@NullMarked
package org.kvant.llama.eval;

import org.jspecify.annotations.NullMarked;
