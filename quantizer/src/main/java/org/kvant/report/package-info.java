/** One self-contained HTML page of an evaluation: inline CSS and SVG, nothing fetched. */
@NullMarked
package org.kvant.report;

import org.jspecify.annotations.NullMarked;
