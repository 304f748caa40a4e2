/** How a model file is given to llama.cpp: options, progress, errors. */
@NullMarked
package org.kvant.llama.modelfile;

import org.jspecify.annotations.NullMarked;
