/** Which type each tensor gets: what a type would cost in divergence, and the best mixture for a size, a divergence or a speed. */
@NullMarked
package org.kvant.allocate;

import org.jspecify.annotations.NullMarked;
