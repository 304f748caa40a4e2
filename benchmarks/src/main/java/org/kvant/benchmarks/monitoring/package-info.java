/** What the metrics cost. */
@NullMarked
package org.kvant.benchmarks.monitoring;

import org.jspecify.annotations.NullMarked;
