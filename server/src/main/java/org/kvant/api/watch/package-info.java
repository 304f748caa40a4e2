/** What the HTTP server tells whoever watches it, and what it asks of it. */
@NullMarked
package org.kvant.api.watch;

import org.jspecify.annotations.NullMarked;
