/** What decodes take, by measurement, and what follows from that: how many prompt tokens a step has room for, which rows are worth adding. */
@NullMarked
package org.kvant.engine.cost;

import org.jspecify.annotations.NullMarked;
