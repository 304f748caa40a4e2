/** What a Java program embeds: a model behind a decode thread. Knows neither HTTP nor a metrics library nor the names of command-line options. */
@NullMarked
package org.kvant.engine;

import org.jspecify.annotations.NullMarked;
