package org.kvant.convert;

import java.util.List;

/** Which tensors of a checkpoint belong to its language model, and under which name. */
final class TensorNames {
    /** Constants that old checkpoints carry, and the vision and audio parts of multimodal ones. */
    private static final List<String> UNUSED_SUFFIXES =
            List.of(".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq");

    private static final List<String> OTHER_PARTS =
            List.of("visual.", "vision.", "vision_", "audio.", "audio_", "projector.");

    private TensorNames() {}

    /** True for a tensor that a text model has no use for. */
    static boolean isOther(String name) {
        return UNUSED_SUFFIXES.stream().anyMatch(name::endsWith)
                || OTHER_PARTS.stream().anyMatch(name::contains);
    }

    /** The name as a text-only checkpoint has it. */
    static String text(String name) {
        return name.replace("language_model.", "");
    }
}
