/** A loaded model and the thread that decodes with it. */
@NullMarked
package org.kvant.engine.runtime;

import org.jspecify.annotations.NullMarked;
