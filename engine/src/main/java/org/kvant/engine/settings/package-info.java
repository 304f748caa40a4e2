/** How an engine is set up. */
@NullMarked
package org.kvant.engine.settings;

import org.jspecify.annotations.NullMarked;
