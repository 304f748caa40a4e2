package org.kvant.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.kvant.convert.SafetensorsFile.SourceTensor;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorSpec;
import org.kvant.gguf.WriteOptions;

/**
 * Converts a Hugging Face checkpoint folder (config.json, safetensors, tokenizer files) to a GGUF file, as llama.cpp's
 * convert_hf_to_gguf.py does: same tensors, same order, same metadata but for the exceptions in docs/reference/convert.md.
 */
public final class Converter {
    private static final String QUANTIZATION_VERSION = "general.quantization_version";
    /** GGML_QNT_VERSION of the pinned ggml. */
    private static final int GGML_QUANT_VERSION = 2;

    private Converter() {}

    /** {@link #convert(Path, Path, ConvertOptions, ProgressListener)} with a recognised pre-tokenizer. */
    public static ConvertResult convert(Path checkpoint, Path out, OutType outType, ProgressListener progress)
            throws IOException {
        return convert(checkpoint, out, new ConvertOptions(outType), progress);
    }

    /**
     * Converts. Everything is checked before the first byte is written; tensors are streamed, so memory does not grow
     * with the model. The file appears under its name, replacing what was there, only when it is complete.
     *
     * @param checkpoint the folder
     * @param out the file to write
     * @param progress told after every few MiB, on the calling thread
     * @throws ConvertException for a checkpoint that cannot be converted; the message names the file and the remedy
     * @throws IOException if writing fails
     */
    public static ConvertResult convert(Path checkpoint, Path out, ConvertOptions options, ProgressListener progress)
            throws IOException {
        if (!Files.isDirectory(checkpoint)) {
            throw new ConvertException(checkpoint + ": "
                    + (Files.exists(checkpoint) ? "not a folder" : "does not exist")
                    + "; name the folder that holds config.json and *.safetensors");
        }
        if (Files.isDirectory(out)) {
            throw new ConvertException(out + ": is a folder; name the file to write");
        }
        CheckpointFiles files = new CheckpointFiles(checkpoint);
        ModelFamily family = ModelFamily.of(ModelConfig.read(files));
        try (Checkpoint weights = Checkpoint.open(files)) {
            OutType type = resolve(options.outType(), weights.tensors());
            GgmlType matrixType = type.type().orElseThrow();
            Vocabulary vocabulary = family.vocabulary(files, options.preTokenizer());
            List<TensorJob> jobs = family.plan(
                    weights.tensors(), matrixType, vocabulary.tokens().size());
            long parameters = jobs.stream().mapToLong(TensorJob::elements).sum();

            MetadataFields metadata = new MetadataFields(family.ggufName());
            metadata.string("general.type", "model");
            GeneralMetadata.write(files, parameters, metadata);
            family.parameters(metadata, type);
            metadata.u32(QUANTIZATION_VERSION, GGML_QUANT_VERSION);
            vocabulary.write(metadata);

            write(out, metadata, jobs, files.inputs(), progress);
            long bytes = jobs.stream().mapToLong(TensorJob::bytes).sum();
            return new ConvertResult(out, family.ggufName(), type, jobs.size(), parameters, bytes);
        }
    }

    private static void write(
            Path out, MetadataFields metadata, List<TensorJob> jobs, List<Path> inputs, ProgressListener progress)
            throws IOException {
        WriteOptions options = WriteOptions.SINGLE.withInputs(inputs);
        List<TensorSpec> specs = jobs.stream()
                .map(j -> new TensorSpec(
                        j.name(),
                        j.type(),
                        j.shape().stream().mapToLong(Long::longValue).toArray()))
                .toList();
        try (GgufWriter writer = GgufWriter.create(out, metadata.build(), specs, options)) {
            TensorWriter tensors = new TensorWriter(writer, jobs, progress);
            for (TensorJob job : jobs) {
                tensors.write(job);
            }
            writer.commit();
        }
    }

    private static OutType resolve(OutType asked, List<SourceTensor> tensors) {
        if (asked != OutType.AUTO) {
            return asked;
        }
        // config.json's torch_dtype does not count: some finetunes have a wrong one.
        for (SourceTensor tensor : tensors) {
            boolean counts = tensor.shape().size() >= 2 && !TensorNames.isOther(tensor.name());
            if (counts && tensor.dtype().equals("BF16")) {
                return OutType.BF16;
            }
            if (counts && tensor.dtype().equals("F16")) {
                return OutType.F16;
            }
        }
        return OutType.F16;
    }
}
