package org.kvant.http;

import io.vertx.core.Future;
import java.util.List;
import org.kvant.api.common.ApiError;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.TokenLogprob;

/** Puts what the engine generates into the form that the client asked for. Called on the connection's event loop only. */
interface AnswerWriter {
    /** The log probabilities of the prompt of one text, before any of its text. */
    void prompt(int index, List<TokenLogprob> logprobs);

    /**
     * The next piece of one text.
     *
     * @param logprobs of its tokens; empty if there are none
     */
    void text(int index, String text, List<TokenLogprob> logprobs);

    /** One text has ended, with reason stop or length. */
    void end(int index, Finish finish);

    /** All that was said until now may go out; several pieces come between two calls if the engine is ahead of the event loop. */
    void flush();

    /** All texts have ended; follows their {@link #flush}. Completes when the last byte is out, fails if the client has left. */
    Future<Void> complete();

    /** Ends the answer early; as {@link #complete}. */
    Future<Void> fail(ApiError error);

    /** Nothing more will be asked for except, at most, the end: stops what runs beside. Called once. */
    void release();
}
