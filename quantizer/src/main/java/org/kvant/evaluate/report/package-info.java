/** One self-contained HTML page of an evaluation: inline CSS and SVG, nothing fetched. */
@NullMarked
package org.kvant.evaluate.report;

import org.jspecify.annotations.NullMarked;
