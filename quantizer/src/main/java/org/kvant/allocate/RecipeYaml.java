package org.kvant.allocate;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.model.ByteSize;
import org.kvant.quantize.Activations;
import org.kvant.quantize.Preset;
import org.kvant.quantize.TensorTypeRule;
import org.kvant.round.ColumnOrder;
import org.kvant.round.RoundException;
import org.kvant.round.RoundingOptions;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** Recipes as YAML. Paths in a file are relative to it. */
public final class RecipeYaml {
    private static final long MAX_BYTES = 16L << 20;
    private static final Set<String> KEYS = Set.of(
            "preset",
            "size",
            "bpw",
            "max-kld",
            "min-speed",
            "types",
            "tensors",
            "statistics",
            "imatrix",
            "activations",
            "rounding");
    private static final Set<String> ROUNDING = Set.of("feedback", "sweeps", "refit", "clip", "weight-power", "order");

    private final Path file;

    private RecipeYaml(Path file) {
        this.file = file;
    }

    /**
     * Reads a recipe.
     *
     * @throws AllocateException if it is no recipe, naming the key
     */
    public static Recipe read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new AllocateException(file + ": is too large for a recipe");
        }
        String text;
        try {
            text = Files.readString(file);
        } catch (MalformedInputException e) {
            throw new AllocateException(file + ": is not text in UTF-8, so no recipe", e);
        }
        return parse(text, file);
    }

    /**
     * A recipe from its text.
     *
     * @param file where it was found, for messages; paths in it are relative to this
     * @throws AllocateException if it is no recipe, naming the key
     */
    public static Recipe parse(String text, Path file) throws AllocateException {
        RecipeYaml reader = new RecipeYaml(file);
        try {
            Object root = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
            return reader.recipe(reader.map("the recipe", root, KEYS));
        } catch (YAMLException e) {
            throw new AllocateException(file + ": is not YAML: " + e.getMessage(), e);
        } catch (IllegalArgumentException | RoundException e) {
            throw new AllocateException(file + ": " + e.getMessage(), e);
        }
    }

    private Recipe recipe(Map<String, Object> root) throws AllocateException {
        String presetName = string(root, "preset");
        Preset preset = presetName == null
                ? null
                : Preset.of(presetName)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "preset: there is no '" + presetName + "'; there are " + Preset.names()));
        Object size = root.get("size");
        Budget budget = new Budget(
                size == null ? null : ByteSize.parse(size.toString()),
                number(root, "bpw"),
                number(root, "max-kld"),
                number(root, "min-speed"));
        List<GgmlType> types = new ArrayList<>();
        for (Object name : list("types", root.get("types"))) {
            types.add(type("types", name));
        }
        List<TensorTypeRule> rules = new ArrayList<>();
        int index = 0;
        for (Object entry : list("tensors", root.get("tensors"))) {
            String where = "tensors[" + index++ + "]";
            Map<String, Object> rule = map(where, entry, Set.of("match", "type"));
            if (rule.size() != 2) {
                throw new IllegalArgumentException(where + " needs match (a regular expression) and type");
            }
            rules.add(TensorTypeRule.parse(
                    rule.get("match") + "=" + type(where, rule.get("type")).ggmlName()));
        }
        return new Recipe(
                preset,
                budget,
                types.isEmpty() ? Candidates.DEFAULT : types,
                rules,
                rounding(root.get("rounding")),
                activations(root.get("activations")),
                path(root, "statistics"),
                path(root, "imatrix"));
    }

    private RoundingOptions rounding(@Nullable Object value) throws AllocateException {
        RoundingOptions options = RoundingOptions.DEFAULT;
        if (value == null) {
            return options;
        }
        for (Map.Entry<String, Object> entry : map("rounding", value, ROUNDING).entrySet()) {
            String key = "rounding." + entry.getKey();
            Object v = entry.getValue();
            options = switch (entry.getKey()) {
                case "feedback" -> options.withFeedback(flag(key, v));
                case "refit" -> options.withRefit(flag(key, v));
                case "sweeps" -> options.withSweeps((int) number(key, v));
                case "clip" -> options.withClip(number(key, v));
                case "weight-power" -> options.withWeightPower(number(key, v));
                default -> options.withOrder(order(key, v));
            };
        }
        return options;
    }

    private static Activations activations(@Nullable Object value) {
        if (value == null) {
            return Activations.MODEL;
        }
        try {
            return Activations.valueOf(value.toString().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "activations: there is no kind '" + value + "'; there are " + List.of(Activations.values()), e);
        }
    }

    private static ColumnOrder order(String key, Object value) {
        try {
            return ColumnOrder.valueOf(value.toString().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    key + ": there is no order '" + value + "'; there are " + List.of(ColumnOrder.values()), e);
        }
    }

    private static boolean flag(String key, Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalArgumentException(key + " must be true or false, not '" + value + "'");
    }

    private static @Nullable Double number(Map<String, Object> root, String key) {
        Object value = root.get(key);
        return value == null ? null : (Double) number(key, value);
    }

    private static double number(String key, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(key + " must be a number, not '" + value + "'");
    }

    private static @Nullable String string(Map<String, Object> root, String key) {
        Object value = root.get(key);
        return value == null ? null : value.toString();
    }

    private @Nullable String path(Map<String, Object> root, String key) {
        String text = string(root, key);
        return text == null ? null : file.resolveSibling(text).toString();
    }

    private static GgmlType type(String where, @Nullable Object name) {
        return GgmlType.ofName(String.valueOf(name))
                .orElseThrow(() -> new IllegalArgumentException(
                        where + ": there is no type '" + name + "'; for example q4_k, q8_0 or f16"));
    }

    private static List<?> list(String key, @Nullable Object value) {
        if (value == null) {
            return List.of();
        }
        if (value instanceof List<?> list) {
            return list;
        }
        throw new IllegalArgumentException(key + " must be a list");
    }

    private Map<String, Object> map(String what, @Nullable Object value, Set<String> keys) throws AllocateException {
        if (!(value instanceof Map<?, ?> map)) {
            throw new AllocateException(file + ": " + what + " must be a map of keys and values");
        }
        Map<String, Object> result = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            if (!keys.contains(key)) {
                throw new AllocateException(file + ": " + what + " has '" + key + "', which is unknown; there are "
                        + keys.stream().sorted().toList());
            }
            if (entry.getValue() != null) {
                result.put(key, entry.getValue());
            }
        }
        return result;
    }

    /** The recipe as YAML; reading it gives an equal one, if its paths are absolute. */
    public static String write(Recipe recipe) {
        Map<String, Object> root = new LinkedHashMap<>();
        put(root, "preset", recipe.preset() == null ? null : recipe.preset().name());
        put(root, "size", recipe.budget().bytes());
        put(root, "bpw", recipe.budget().bitsPerWeight());
        put(root, "max-kld", recipe.budget().divergence());
        put(root, "min-speed", recipe.budget().speed());
        put(root, "statistics", recipe.statistics());
        put(root, "imatrix", recipe.imatrix());
        if (recipe.activations() != Activations.MODEL) {
            root.put("activations", recipe.activations().name().toLowerCase(Locale.ROOT));
        }
        if (!recipe.candidates().equals(Candidates.DEFAULT)) {
            root.put("types", recipe.candidates().stream().map(GgmlType::label).toList());
        }
        if (!recipe.rounding().equals(RoundingOptions.DEFAULT)) {
            RoundingOptions r = recipe.rounding();
            Map<String, Object> rounding = new LinkedHashMap<>();
            rounding.put("feedback", r.feedback());
            rounding.put("sweeps", r.sweeps());
            rounding.put("refit", r.refit());
            rounding.put("clip", r.clip());
            rounding.put("weight-power", r.weightPower());
            rounding.put("order", r.order().name().toLowerCase(Locale.ROOT));
            root.put("rounding", rounding);
        }
        List<Map<String, Object>> rules = new ArrayList<>();
        for (TensorTypeRule rule : recipe.rules()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("match", rule.pattern().pattern());
            entry.put("type", rule.type().label());
            rules.add(entry);
        }
        if (!rules.isEmpty()) {
            root.put("tensors", rules);
        }
        DumperOptions style = new DumperOptions();
        style.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        style.setWidth(120);
        return new Yaml(style).dump(root);
    }

    private static void put(Map<String, Object> root, String key, @Nullable Object value) {
        if (value != null) {
            root.put(key, value);
        }
    }

    /** A rule for a tensor of exactly this name. */
    static TensorTypeRule exactly(String tensor, GgmlType type) {
        return new TensorTypeRule(Pattern.compile("^" + tensor.replace(".", "\\.") + "$"), type);
    }
}
