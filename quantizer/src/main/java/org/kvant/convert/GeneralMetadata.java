package org.kvant.convert;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code general.*} keys: what the model card says, what names say, and recommended sampling from
 * generation_config.json. As llama.cpp's gguf-py/gguf/metadata.py, with one exception: an id of a base model or data set
 * is not turned into a web address.
 */
final class GeneralMetadata {
    private static final Pattern ADDRESS = Pattern.compile("https?://[^/]+/([^/]+/[^/]+)");
    private static final List<String> ORIGIN_FIELDS =
            List.of("name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url");

    private final CheckpointFiles files;
    private final ModelCard card;
    private final long parameters;
    private final Map<String, String> fields = new LinkedHashMap<>();

    private GeneralMetadata(CheckpointFiles files, long parameters) throws ConvertException {
        this.files = files;
        this.parameters = parameters;
        card = ModelCard.read(files);
    }

    /** @param parameters the number of values in all tensors */
    static void write(CheckpointFiles files, long parameters, MetadataFields out) throws ConvertException {
        GeneralMetadata general = new GeneralMetadata(files, parameters);
        general.collect();
        general.sampling(out);
        general.identity(out);
    }

    private void collect() throws ConvertException {
        put("name", card.text("name", "model_name"));
        put("author", card.text("author", "model_author", "model_creator"));
        put("version", card.text("version", "model_version"));
        put("organization", card.text("organization", "model_organization"));
        put("description", card.text("description", "model_description"));
        put("finetune", card.text("finetune", "model_finetune"));
        put("basename", card.text("basename", "model_basename", "model_type"));
        put("size_label", card.text("size_label", "model_size_label"));
        put("source.url", card.text("url", "model_url"));
        put("source.doi", card.text("doi", "model_doi"));
        put("source.uuid", card.text("uuid", "model_uuid"));
        put("source.repo_url", card.text("repo_url", "model_repo_url"));
        put("license", card.text("license"));
        put("license.name", card.text("license_name"));
        put("license.link", card.text("license_link"));
        String path = files.json("config.json")
                .flatMap(c -> c.string("_name_or_path"))
                .orElse("");
        // A path on someone's computer names nothing.
        if (!path.isEmpty() && path.chars().filter(c -> c == '/').count() <= 1) {
            putAll(ModelName.of(path, parameters));
        }
        Path folder = files.dir().toAbsolutePath().normalize().getFileName();
        putAll(ModelName.of(folder == null ? "model" : folder.toString(), parameters));
    }

    private void putAll(ModelName name) {
        put("name", name.fullName() == null ? null : ModelName.title(name.fullName()));
        put("organization", name.organization() == null ? null : ModelName.title(name.organization()));
        put("basename", name.basename());
        put("finetune", name.finetune());
        put("version", name.version());
        put("size_label", name.sizeLabel());
    }

    private void put(String key, @Nullable String value) {
        if (value != null) {
            fields.putIfAbsent(key, value);
        }
    }

    private void sampling(MetadataFields out) throws ConvertException {
        Json generation;
        try {
            generation = files.json("generation_config.json").orElse(Json.Null.NULL);
        } catch (ConvertException e) {
            // Not all models have a valid one, and it says nothing that the weights need.
            generation = Json.Null.NULL;
        }
        integer(out, "top_k", generation, "top_k");
        real(out, "top_p", generation, "top_p");
        real(out, "min_p", generation, "min_p");
        real(out, "xtc_probability", generation, "xtc_probability");
        real(out, "xtc_threshold", generation, "xtc_threshold");
        real(out, "temp", generation, "temperature");
        integer(out, "penalty_last_n", generation, "penalty_last_n");
        real(
                out,
                "penalty_repeat",
                generation,
                generation.get("penalty_repeat").isPresent() ? "penalty_repeat" : "repetition_penalty");
        integer(out, "mirostat", generation, "mirostat");
        real(out, "mirostat_tau", generation, "mirostat_tau");
        real(out, "mirostat_eta", generation, "mirostat_eta");
    }

    private static void integer(MetadataFields out, String key, Json from, String name) throws ConvertException {
        if (from.get(name).orElse(null) instanceof Json.Num(var _, var exact, var _)) {
            out.i32("general.sampling." + key, exact);
        }
    }

    private static void real(MetadataFields out, String key, Json from, String name) {
        if (from.get(name).orElse(null) instanceof Json.Num(var value, var _, var _)) {
            out.f32("general.sampling." + key, value);
        }
    }

    private void identity(MetadataFields out) throws ConvertException {
        fields.putIfAbsent("size_label", SizeLabel.of(parameters));
        for (String key : List.of(
                "name",
                "author",
                "version",
                "organization",
                "finetune",
                "basename",
                "description",
                "size_label",
                "license",
                "license.name",
                "license.link",
                "source.url",
                "source.doi",
                "source.uuid",
                "source.repo_url")) {
            out.string("general." + key, fields.get(key));
        }
        origins(out, "base_model", "base_model", "base_models", "base_model_sources");
        origins(out, "dataset", "datasets", "dataset", "dataset_sources");
        out.strings("general.tags", texts(card.entries("tags", "pipeline_tag")));
        out.strings("general.languages", texts(card.entries("languages", "language")));
    }

    private static List<String> texts(List<Object> entries) {
        return entries.stream().map(Object::toString).toList();
    }

    /** Base models or data sets, each an id, an address, or a map of fields. */
    private void origins(MetadataFields out, String kind, String... keys) throws ConvertException {
        String key = null;
        for (String candidate : keys) {
            if (key == null && card.has(candidate)) {
                key = candidate;
            }
        }
        if (key == null) {
            return;
        }
        List<Object> entries = card.entries(key);
        out.u32("general." + kind + ".count", entries.size());
        for (int i = 0; i < entries.size(); i++) {
            Map<String, String> origin = origin(entries.get(i));
            for (String field : ORIGIN_FIELDS) {
                out.string("general." + kind + "." + i + "." + field, origin.get(field));
            }
        }
    }

    private Map<String, String> origin(Object entry) {
        Map<String, String> origin = new LinkedHashMap<>();
        if (entry instanceof Map<?, ?> given) {
            given.forEach((key, value) -> origin.put(String.valueOf(key), String.valueOf(value)));
            return origin;
        }
        String id = entry.toString();
        boolean address = id.startsWith("http://") || id.startsWith("https://") || id.startsWith("ssh://");
        if (address) {
            origin.put("repo_url", id);
            Matcher matcher = ADDRESS.matcher(id);
            if (!matcher.matches()) {
                return origin;
            }
            id = matcher.group(1);
        }
        ModelName name = ModelName.of(id, parameters);
        if (name.fullName() != null) {
            origin.put("name", ModelName.title(name.fullName()));
        }
        if (name.organization() != null) {
            origin.put("organization", ModelName.title(name.organization()));
        }
        if (name.version() != null) {
            origin.put("version", name.version());
        }
        return origin;
    }
}
