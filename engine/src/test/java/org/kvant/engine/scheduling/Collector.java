package org.kvant.engine.scheduling;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.kvant.engine.request.Finish;
import org.kvant.engine.request.TokenSink;

/** A sink that keeps everything and fails the test if calls come that mustn't. */
public class Collector implements TokenSink {
    final List<String> pieces = Collections.synchronizedList(new ArrayList<>());
    private final CompletableFuture<Finish> finish = new CompletableFuture<>();
    private volatile String wrong = "";

    @Override
    public void onText(String text, int tokenId) {
        if (finish.isDone()) {
            wrong = "text after the end: " + text;
        }
        if (text.isEmpty()) {
            wrong = "empty text";
        }
        pieces.add(text);
    }

    @Override
    public void onFinish(Finish end) {
        if (!finish.complete(end)) {
            wrong = "finished twice: " + end;
        }
    }

    public boolean finished() {
        return finish.isDone();
    }

    /** Waits for the end. */
    public Finish finish() {
        try {
            Finish end = finish.get(60, TimeUnit.SECONDS);
            if (!wrong.isEmpty()) {
                throw new AssertionError(wrong);
            }
            return end;
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("not finished; text so far: " + text(), e);
        }
    }

    public String text() {
        synchronized (pieces) {
            return String.join("", pieces);
        }
    }
}
