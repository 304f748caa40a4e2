/** {@code kvant inspect} and {@code kvant devices}. */
@NullMarked
package org.kvant.cli.inspect;

import org.jspecify.annotations.NullMarked;
