/** Grammars in llama.cpp's GBNF, parsed and followed in Java with bounded depth, size and ambiguity. Pure. */
@NullMarked
package org.kvant.grammar;

import org.jspecify.annotations.NullMarked;
