package org.kvant.calibrate;

/**
 * The statistics file: llama-imatrix's GGUF format (imatrix.cpp, {@code save_imatrix}) with more in it. llama.cpp's programs pass over what they
 * don't know.
 *
 * <pre>
 * WEIGHT.in_sum2      F32 [columns, matrices]    sums of squares, position 0 included       (llama-imatrix)
 * WEIGHT.counts       F32 [1, counts]            vectors in them                            (llama-imatrix)
 * kvant.tokens        I32 [chunk size, chunks]   the text
 * INPUT.sink_sum2     F32 [columns, matrices]    the part of in_sum2 that position 0 has
 * INPUT.sink_counts   F32 [1, counts]
 * INPUT.head_sum2     F32 [columns]              instead of in_sum2 for the output matrix, which llama-quantize would
 * INPUT.head_counts   F32 [1]                    otherwise round differently than with llama-imatrix's file
 * INPUT.moment        F32 [columns * (columns + 1) / 2, matrices]   upper triangles, row after row from the diagonal on, of the sum of
 *                                                x x^T over all positions but 0
 * INPUT.sink_rows     F32 [columns, n]           vectors of position 0
 * INPUT.sink_weights  F32 [n]                    what the outer product of each counts
 * INPUT.sink_matrices I32 [n]                    the matrix of each
 * </pre>
 *
 * INPUT is the first of the weights that share an input; metadata says which do.
 */
final class StatisticsFormat {
    static final long VERSION = 1;

    static final String TYPE = "imatrix";
    static final String DATASETS = "imatrix.datasets";
    static final String CHUNK_COUNT = "imatrix.chunk_count";
    static final String CHUNK_SIZE = "imatrix.chunk_size";

    static final String FORMAT_VERSION = "kvant.statistics.version";
    static final String FULL = "kvant.statistics.full";
    static final String SOURCE = "kvant.statistics.source";
    static final String TOKEN_WEIGHTS = "kvant.statistics.token_weights";
    static final String INPUTS = "kvant.statistics.inputs";
    static final String KINDS = "kvant.statistics.kinds";
    static final String WEIGHTS = "kvant.statistics.weights";
    static final String WEIGHT_INPUTS = "kvant.statistics.weight_inputs";
    static final String MODEL_NAME = "general.name";
    static final String MODEL = "kvant.model.fingerprint";
    static final String MODEL_WEIGHTS = "kvant.model.weights_fingerprint";

    /** U32 array: CRC-32C of each tensor's data, in the order of tensors. */
    static final String CHECKSUMS = "kvant.statistics.crc32c";

    static final String TOKENS = "kvant.tokens";

    private StatisticsFormat() {}
}
