package org.kvant.engine.watch;

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
public final class SampleEvent extends Event {
    @Label("Request")
    public String request = "";

    @Label("Token")
    public int token;
}
