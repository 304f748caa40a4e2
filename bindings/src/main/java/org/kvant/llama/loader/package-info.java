/** Finds, verifies and loads the llama.cpp shared libraries. */
@NullMarked
package org.kvant.llama.loader;

import org.jspecify.annotations.NullMarked;
