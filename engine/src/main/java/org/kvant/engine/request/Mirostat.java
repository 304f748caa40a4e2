package org.kvant.engine.request;

/**
 * Mirostat, which keeps the text's surprise near a target and replaces all other samplers except temperature.
 *
 * @param version 1 or 2; 0 is off
 * @param tau the target, in bits
 * @param eta learning rate
 */
public record Mirostat(int version, float tau, float eta) {
    public static final Mirostat OFF = new Mirostat(0, 5, 0.1f);

    /** @throws IllegalArgumentException if a value is out of its range; the message names it */
    public Mirostat {
        SamplingOptions.check(version >= 0 && version <= 2, "mirostat", version, "0, 1 or 2");
        SamplingOptions.check(tau >= 0 && Float.isFinite(tau), "mirostat_tau", tau, "0 or more");
        SamplingOptions.check(eta >= 0 && Float.isFinite(eta), "mirostat_eta", eta, "0 or more");
    }
}
