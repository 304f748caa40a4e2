package org.kvant.monitoring;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;

/** Collects a vocabulary's families, one series for each model unless it says otherwise. */
final class Translations {
    /** A model's labels in the other vocabulary. */
    interface ModelLabels {
        /**
         * The labels of one model.
         *
         * @param model its name
         * @param index its place among the server's models
         */
        Labels of(String model, int index);
    }

    private final String prefix;
    private final ModelLabels labels;
    private final List<Translation> collected = new ArrayList<>();

    Translations(String prefix, ModelLabels labels) {
        this.prefix = prefix;
        this.labels = labels;
    }

    List<Translation> toList() {
        return List.copyOf(collected);
    }

    Translations histogram(String name, Metric source) {
        return histogram(name, source, source.help());
    }

    Translations histogram(String name, Metric source, String help) {
        return add(
                name,
                MetricType.HISTOGRAM,
                help,
                (reading, model, own) -> List.of(new Translation.Distribution(own, reading.histogram(source, model))));
    }

    Translations counter(String name, String help, ToDoubleBiFunction<Reading, String> value) {
        return value(name, MetricType.COUNTER, help, value);
    }

    Translations gauge(String name, String help, ToDoubleBiFunction<Reading, String> value) {
        return value(name, MetricType.GAUGE, help, value);
    }

    /** A counter with one series for each value of a label that the metric has besides the model. */
    Translations counterBy(String name, Metric source, Label label) {
        return add(
                name,
                MetricType.COUNTER,
                source.help(),
                (reading, model, own) -> label.known().stream()
                        .<Translation.Point>map(value -> new Translation.Value(
                                own.merge(Labels.of(label.label(), value)), reading.sum(source, model, label, value)))
                        .toList());
    }

    private Translations value(String name, MetricType type, String help, ToDoubleBiFunction<Reading, String> value) {
        return add(
                name,
                type,
                help,
                (reading, model, own) -> List.of(new Translation.Value(own, value.applyAsDouble(reading, model))));
    }

    /** Several series for each model. */
    interface ModelPoints {
        /** Makes them; {@code own} are the model's labels. */
        List<Translation.Point> of(Reading reading, String model, Labels own);
    }

    Translations add(String name, MetricType type, String help, ModelPoints points) {
        return add(name, type, help, reading -> {
            List<String> models = reading.models();
            return IntStream.range(0, models.size())
                    .boxed()
                    .flatMap(i -> points.of(reading, models.get(i), labels.of(models.get(i), i)).stream())
                    .toList();
        });
    }

    /** Series that don't go by model. */
    Translations add(String name, MetricType type, String help, Function<Reading, List<Translation.Point>> points) {
        collected.add(new Translation(prefix + name, type, help, points));
        return this;
    }
}
