/** Vert.x routes, server-sent events, back-pressure and limits. */
@NullMarked
package org.kvant.http;

import org.jspecify.annotations.NullMarked;
