/** llama.cpp's samplers, and the likeliest tokens found without them. */
@NullMarked
package org.kvant.llama.sampling;

import org.jspecify.annotations.NullMarked;
