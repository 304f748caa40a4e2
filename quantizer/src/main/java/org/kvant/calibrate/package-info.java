/** Runs a model over text and keeps what its linear layers were given: the statistics that rounding is weighed with. */
@NullMarked
package org.kvant.calibrate;

import org.jspecify.annotations.NullMarked;
