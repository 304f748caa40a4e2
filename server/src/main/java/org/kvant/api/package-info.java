/** What wire formats have in common for the server: what each must be able to do. */
@NullMarked
package org.kvant.api;

import org.jspecify.annotations.NullMarked;
