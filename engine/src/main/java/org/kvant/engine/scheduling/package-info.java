/** Continuous batching: what waits, what each decode computes, what comes of it. Belongs to the decode thread. */
@NullMarked
package org.kvant.engine.scheduling;

import org.jspecify.annotations.NullMarked;
