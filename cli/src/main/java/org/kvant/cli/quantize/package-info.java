/** {@code kvant convert}, {@code kvant calibrate} and {@code kvant quantize}. */
@NullMarked
package org.kvant.cli.quantize;

import org.jspecify.annotations.NullMarked;
