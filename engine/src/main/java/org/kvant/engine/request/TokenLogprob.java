package org.kvant.engine.request;

/**
 * A token's natural log probability by the model itself, before samplers change anything.
 *
 * @param token the token that came
 * @param logprob its log probability
 * @param top the most likely tokens, most likely first; as many as were asked for
 * @param topLogprobs theirs
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; made once for each token
public record TokenLogprob(int token, float logprob, int[] top, float[] topLogprobs) {}
