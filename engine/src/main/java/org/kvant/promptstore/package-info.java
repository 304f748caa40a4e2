/** Computed prompts in files: what a model's memory held of them, found again by their tokens. Knows nothing of requests. */
@NullMarked
package org.kvant.promptstore;

import org.jspecify.annotations.NullMarked;
