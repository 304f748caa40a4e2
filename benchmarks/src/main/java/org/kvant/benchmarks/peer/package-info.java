/** Side by side with llama.cpp's own server and bench, on the same machine in the same minutes. */
@NullMarked
package org.kvant.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
