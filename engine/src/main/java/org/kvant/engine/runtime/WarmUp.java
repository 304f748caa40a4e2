package org.kvant.engine.runtime;

import static org.kvant.engine.watch.EngineLog.LOG;

import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.grammar.GrammarException;
import org.kvant.llama.Batch;
import org.kvant.llama.DecodeResult;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LlamaException;

/** Touches the weights and buffers and makes every kind of native call once, with a few tokens that are forgotten again. On the decode thread. */
final class WarmUp {
    private WarmUp() {}

    static void run(LoadedModel loaded) {
        int token = Math.max(0, loaded.model.vocab().bos());
        Batch batch = new Batch(loaded.batchSize());
        batch.add(token, 0, 0, false);
        int last = batch.add(token, 1, 0, true);
        if (loaded.decode(batch) instanceof DecodeResult.Ok) {
            GenerationRequest request =
                    GenerationRequest.builder("warm-up", new int[] {token}).build();
            try (TokenSampler sampler = loaded.sampler(request, new TokenList(request.tokens(), 0))) {
                byte[] unused = loaded.pieces().piece(sampler.next(last, 0));
            } catch (BackendAbortedException e) {
                throw e;
            } catch (LlamaException | GrammarException e) {
                LOG.warn("Warming up {} failed; its answers may be useless", loaded.info.path(), e);
            }
        }
        loaded.context.memory().clear(true);
    }
}
