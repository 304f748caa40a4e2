/** The metric catalogue and its Micrometer meters. */
@NullMarked
package org.kvant.monitoring;

import org.jspecify.annotations.NullMarked;
