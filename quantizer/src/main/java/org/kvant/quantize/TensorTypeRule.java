package org.kvant.quantize;

import java.util.Locale;
import java.util.regex.Pattern;
import org.kvant.gguf.GgmlType;

/**
 * One {@code --tensor-type PATTERN=TYPE}: tensors in whose name the expression is found get the type. As in
 * llama-quantize the expression is lower-cased and the first rule that fits wins.
 */
public record TensorTypeRule(Pattern pattern, GgmlType type) {

    /**
     * @throws IllegalArgumentException if the text has no {@code =}, the expression is malformed or the type unknown
     */
    public static TensorTypeRule parse(String text) {
        int separator = text.indexOf('=');
        if (separator <= 0 || separator == text.length() - 1) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not PATTERN=TYPE; for example attn_v=q8_0 or ffn_down\\.weight=q6_k");
        }
        String name = text.substring(separator + 1);
        GgmlType type = GgmlType.ofName(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "'" + text + "': there is no type '" + name + "'; for example q4_k, q8_0 or f16"));
        return new TensorTypeRule(
                EcmaPattern.compile(text.substring(0, separator).toLowerCase(Locale.ROOT)), type);
    }

    /** Whether the rule decides a tensor. */
    public boolean fits(String tensorName) {
        return pattern.matcher(tensorName).find();
    }
}
