package org.kvant.engine;

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
final class DecodeEvent extends Event {
    @Label("Tokens")
    int tokens;

    @Label("Prompt Tokens")
    int promptTokens;

    @Label("Sequences")
    int sequences;

    @Label("Filler Rows")
    @Description("Rows computed only because the library is faster with a multiple of four")
    int fillerRows;
}
