package org.kvant.engine.watch;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The end of a request's prefill, in a flight recording. It may have taken several decodes, so how long it took is a field. */
@Name("kvant.Prefill")
@Label("Prefill")
@Category("Kvant")
@Description("The whole prompt of a request is computed")
@StackTrace(false)
public final class PrefillEvent extends Event {
    @Label("Request")
    String request = "";

    @Label("Prompt Tokens")
    int promptTokens;

    @Label("Cached Tokens")
    int cachedTokens;

    @Label("Time")
    @Description("From the assignment of a sequence to the prompt's last logits")
    @Timespan(Timespan.NANOSECONDS)
    long time;

    /**
     * Records one, if a recording is under way.
     *
     * @param nanos from the assignment of a sequence to the prompt's last logits
     */
    public static void commit(String request, int promptTokens, int cachedTokens, long nanos) {
        PrefillEvent event = new PrefillEvent();
        if (event.shouldCommit()) {
            event.request = request;
            event.promptTokens = promptTokens;
            event.cachedTokens = cachedTokens;
            event.time = nanos;
            event.commit();
        }
    }
}
