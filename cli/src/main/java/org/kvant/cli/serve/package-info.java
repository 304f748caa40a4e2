/** {@code kvant serve} and {@code kvant plan}: options, start, what they print. */
@NullMarked
package org.kvant.cli.serve;

import org.jspecify.annotations.NullMarked;
