/** What is asked of an engine and what comes back: requests, sampling options, sinks, how a request ended. */
@NullMarked
package org.kvant.engine.request;

import org.jspecify.annotations.NullMarked;
