package org.kvant.cli.serve;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The models that a server serves, and what they are called. */
final class ModelArguments {
    /**
     * A model.
     *
     * @param name what requests and metrics name it by
     */
    record Named(String name, Path file) {}

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            description = "GGUF file; of a split model the first part. Repeatable.")
    private List<Path> options = new ArrayList<>();

    @Parameters(
            arity = "0..*",
            paramLabel = "FILE",
            description = "GGUF files, with or without -m. A request that names no model goes to the first.")
    private List<Path> parameters = new ArrayList<>();

    @Option(
            names = {"-a", "--alias"},
            paramLabel = "NAME",
            split = ",",
            description = "Name of the model in requests and metrics; for several models one name each, with commas"
                    + " (default: the file's name).")
    private List<String> aliases = new ArrayList<>();

    /**
     * In the order in which they were given, those behind {@code -m} first.
     *
     * @throws ParameterException if there is none, if names are missing or if two models have the same
     */
    List<Named> models(CommandLine command) {
        List<Path> files = new ArrayList<>(options);
        files.addAll(parameters);
        if (files.isEmpty()) {
            throw new ParameterException(command, "No model: name a GGUF file, as in kvant serve model.gguf");
        }
        if (!aliases.isEmpty() && aliases.size() != files.size()) {
            throw new ParameterException(
                    command,
                    "--alias gives " + aliases.size() + " names to " + files.size()
                            + " models: give each one name, with commas between them");
        }
        List<Named> models = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i);
            String name = aliases.isEmpty()
                    ? Objects.requireNonNull(file.getFileName()).toString()
                    : aliases.get(i);
            if (name.isBlank()) {
                throw new ParameterException(command, "--alias: a model's name must not be empty");
            }
            if (!names.add(name)) {
                throw new ParameterException(
                        command, "Two models would be called '" + name + "': give them names with --alias A,B");
            }
            models.add(new Named(name, file));
        }
        return models;
    }
}
