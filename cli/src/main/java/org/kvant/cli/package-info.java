/** Commands and progress; the only place where parts are wired together. */
@NullMarked
package org.kvant.cli;

import org.jspecify.annotations.NullMarked;
