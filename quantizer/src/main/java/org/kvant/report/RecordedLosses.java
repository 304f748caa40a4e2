package org.kvant.report;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kvant.allocate.Recipe;
import org.kvant.allocate.RecipeYaml;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.ValueType;
import org.kvant.quantize.TensorTypeRule;

/**
 * What a file says its types cost: {@code kvant.quantize.loss}, a number for each tensor of {@code kvant.recipe}.
 *
 * @param byTensor loss by the tensor's name; empty if the file has none, or they do not fit its recipe
 * @param nats whether they are shares of the KL divergence; otherwise weighted squared errors
 */
record RecordedLosses(Map<String, Double> byTensor, boolean nats) {
    private static final RecordedLosses NONE = new RecordedLosses(Map.of(), false);

    static RecordedLosses of(GgufFile file) {
        MetaValue text = file.metadata().asMap().get("kvant.recipe");
        MetaValue losses = file.metadata().asMap().get("kvant.quantize.loss");
        if (!(text instanceof MetaValue.Str yaml) || !(losses instanceof MetaArray array)) {
            return NONE;
        }
        Recipe recipe;
        try {
            recipe = RecipeYaml.parse(yaml.value(), file.path());
        } catch (IOException e) {
            // Anybody can put anything there; the page shows it as text.
            return NONE;
        }
        List<TensorTypeRule> rules = recipe.rules();
        if (array.elementType() != ValueType.F32 || array.size() != rules.size()) {
            return NONE;
        }
        float[] values = array.floats();
        Map<String, Double> byTensor = new LinkedHashMap<>();
        for (int i = 0; i < rules.size(); i++) {
            String name = name(rules.get(i).pattern().pattern());
            double loss = values[i];
            if (file.tensor(name).isEmpty() || !Double.isFinite(loss)) {
                return NONE;
            }
            byTensor.put(name, Math.max(0, loss));
        }
        return new RecordedLosses(byTensor, recipe.statistics() != null);
    }

    /** Of a pattern for one tensor, {@code ^blk\.0\.attn_q\.weight$}. */
    private static String name(String pattern) {
        return pattern.replaceFirst("^\\^", "").replaceFirst("\\$$", "").replace("\\.", ".");
    }

    double sum() {
        return byTensor.values().stream().mapToDouble(x -> x).sum();
    }
}
