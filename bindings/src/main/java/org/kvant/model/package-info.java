/** Facts of a model, read once from its file and its metadata. */
@NullMarked
package org.kvant.model;

import org.jspecify.annotations.NullMarked;
