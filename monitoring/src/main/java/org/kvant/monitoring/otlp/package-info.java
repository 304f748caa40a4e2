/** Metrics and traces over OTLP. Nothing of this, nor of OpenTelemetry's libraries, is loaded unless an endpoint is set. */
@NullMarked
package org.kvant.monitoring.otlp;

import org.jspecify.annotations.NullMarked;
