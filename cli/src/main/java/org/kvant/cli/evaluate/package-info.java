/** {@code kvant evaluate}. */
@NullMarked
package org.kvant.cli.evaluate;

import org.jspecify.annotations.NullMarked;
