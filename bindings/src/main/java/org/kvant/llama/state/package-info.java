/** What a context remembers of a sequence, copied out of it, and turned into the form of a cache of another type. */
@NullMarked
package org.kvant.llama.state;

import org.jspecify.annotations.NullMarked;
