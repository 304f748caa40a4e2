package org.kvant.cli.evaluate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.evaluate.TokenDump;
import org.kvant.gguf.OutputFile;
import org.kvant.report.Report;
import org.kvant.report.Results;
import org.kvant.report.ResultsJson;
import org.kvant.report.RunInfo;

/** The files that an evaluation writes: all opened before it starts, all named when it is done. */
final class EvaluateOutputs implements AutoCloseable {
    private enum Kind {
        DUMP,
        JSON,
        REPORT
    }

    private final Map<Kind, OutputFile> files = new LinkedHashMap<>();
    private boolean jsonLines;

    private EvaluateOutputs() {}

    static EvaluateOutputs open(
            @Nullable Path dump, @Nullable Path json, @Nullable Path report, Collection<Path> inputs)
            throws IOException {
        EvaluateOutputs outputs = new EvaluateOutputs();
        try {
            outputs.add(Kind.DUMP, dump, inputs);
            outputs.add(Kind.JSON, json, inputs);
            outputs.add(Kind.REPORT, report, inputs);
            outputs.jsonLines = dump != null && dump.toString().endsWith(".jsonl");
            return outputs;
        } catch (IOException | RuntimeException e) {
            outputs.close();
            throw e;
        }
    }

    private void add(Kind kind, @Nullable Path file, Collection<Path> inputs) throws IOException {
        if (file != null) {
            files.put(kind, OutputFile.create(file, inputs));
        }
    }

    void publish(Results results, RunInfo run) throws IOException {
        for (Map.Entry<Kind, OutputFile> entry : files.entrySet()) {
            entry.getValue()
                    .publish(
                            switch (entry.getKey()) {
                                case DUMP ->
                                    out -> {
                                        if (jsonLines) {
                                            TokenDump.jsonLines(results.evaluation(), out);
                                        } else {
                                            TokenDump.tsv(results.evaluation(), out);
                                        }
                                    };
                                case JSON -> out -> ResultsJson.write(results, run, out);
                                case REPORT -> out -> Report.write(results, run, out);
                            });
        }
    }

    @Override
    public void close() throws IOException {
        for (OutputFile file : files.values()) {
            file.close();
        }
    }
}
