/**
 * How far a quantized model is from the model it was made of: perplexity, Kullback-Leibler divergence, agreement of the most probable
 * token, paired comparisons, multiple choice, and a report of all that. The figures are those of llama.cpp's {@code tools/perplexity}.
 */
@NullMarked
package org.kvant.evaluate;

import org.jspecify.annotations.NullMarked;
