/** The parts of {@link org.kvant.linalg} that use the Vector API. */
@NullMarked
package org.kvant.linalg.vector;

import org.jspecify.annotations.NullMarked;
