/** One request's next token and its text: llama.cpp's samplers, grammars, log probabilities, stop strings. */
@NullMarked
package org.kvant.engine.sampling;

import org.jspecify.annotations.NullMarked;
