/** Vector API twins of the scalar codecs, byte-identical; the only user of the incubator module. */
@NullMarked
package org.kvant.codec.vector;

import org.jspecify.annotations.NullMarked;
