/** What an engine tells whoever watches it: a listener, gauges, events of flight recordings. */
@NullMarked
package org.kvant.engine.watch;

import org.jspecify.annotations.NullMarked;
