/** Reading requests and writing answers, whatever the wire format: JSON, fields, parameters, errors. */
@NullMarked
package org.kvant.api.common;

import org.jspecify.annotations.NullMarked;
