/** What the sequences of a context hold: the prefix cache, its files, and a second context for prompts. */
@NullMarked
package org.kvant.engine.cells;

import org.jspecify.annotations.NullMarked;
