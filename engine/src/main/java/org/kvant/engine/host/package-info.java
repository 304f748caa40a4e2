/** Several models in one process: a decode thread for all of them, and a registry of names. */
@NullMarked
package org.kvant.engine.host;

import org.jspecify.annotations.NullMarked;
