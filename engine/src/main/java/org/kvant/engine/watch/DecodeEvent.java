package org.kvant.engine.watch;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One call of {@code llama_decode}, in a flight recording. */
@Name("kvant.Decode")
@Label("Decode")
@Category("Kvant")
@Description("One decode of one batch by the native library")
@StackTrace(false)
public final class DecodeEvent extends Event {
    @Label("Tokens")
    public int tokens;

    @Label("Prompt Tokens")
    public int promptTokens;

    @Label("Sequences")
    public int sequences;

    @Label("Filler Rows")
    @Description("Rows computed only because the library is faster with a multiple of four")
    public int fillerRows;
}
