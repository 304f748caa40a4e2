package org.kvant.http;

import io.vertx.core.Future;
import org.kvant.engine.Finish;
import org.kvant.openai.ApiError;

/** Puts what the engine generates into the form that the client asked for. Called on the connection's event loop only. */
interface AnswerWriter {
    /** The next piece of one choice's text. */
    void text(int index, String text);

    /** One choice has ended, with reason stop or length. */
    void end(int index, Finish finish);

    /** All that was said until now may go out; several pieces come between two calls if the engine is ahead of the event loop. */
    void flush();

    /** All choices have ended; follows their {@link #flush}. Completes when the last byte is out, fails if the client has left. */
    Future<Void> complete();

    /** Ends the answer early; as {@link #complete}. */
    Future<Void> fail(ApiError error);

    /** Nothing more will be asked for except, at most, the end: stops what runs beside. Called once. */
    void release();
}
