/** What must hold before llama.cpp sees a model, a text or a cache type: it asserts such things, and an assertion ends the process. */
@NullMarked
package org.kvant.llama.checks;

import org.jspecify.annotations.NullMarked;
