/** Scheduler, decode thread and sampling; knows neither HTTP nor a metrics library. */
@NullMarked
package org.kvant.engine;

import org.jspecify.annotations.NullMarked;
