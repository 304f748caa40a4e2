/**
 * Below the wrappers: the library's log and fatal errors, a context's threads, hooks and logits, native memory. Only the packages of {@code org.kvant.llama} use
 * it, its exceptions apart; segments go no further than them.
 */
@NullMarked
package org.kvant.llama.library;

import org.jspecify.annotations.NullMarked;
