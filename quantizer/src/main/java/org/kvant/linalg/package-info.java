/**
 * Dense linear algebra on row-major arrays: products of matrices, Cholesky factors, and the elementwise functions of a
 * transformer. In Java, on the Vector API where that module is resolved.
 */
@NullMarked
package org.kvant.linalg;

import org.jspecify.annotations.NullMarked;
