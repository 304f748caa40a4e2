/** What commands share: progress, tables, converters of options, errors, signals, the log. */
@NullMarked
package org.kvant.cli.terminal;

import org.jspecify.annotations.NullMarked;
