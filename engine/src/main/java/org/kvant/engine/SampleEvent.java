package org.kvant.engine;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The choice of one token, in a flight recording. */
@Name("kvant.Sample")
@Label("Sample")
@Category("Kvant")
@Description("The choice of one token, grammar included")
@StackTrace(false)
final class SampleEvent extends Event {
    @Label("Request")
    String request = "";

    @Label("Token")
    int token;
}
