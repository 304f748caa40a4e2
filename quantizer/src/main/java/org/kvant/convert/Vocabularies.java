package org.kvant.convert;

import java.util.Optional;

/** Finds out which kind of tokenizer a checkpoint has. */
final class Vocabularies {
    private Vocabularies() {}

    /**
     * @param size config.json's vocab_size
     * @param pre name of the pre-tokenizer for byte-level BPE, if the user gave one
     */
    static Vocabulary read(CheckpointFiles files, ModelConfig config, int size, Optional<String> pre)
            throws ConvertException {
        Optional<byte[]> sentencePiece = files.bytes("tokenizer.model");
        if (sentencePiece.isPresent()) {
            return SentencePieceVocabulary.read(files, sentencePiece.get(), size);
        }
        HfTokenizer tokenizer = HfTokenizer.read(files);
        if (!tokenizer.type().equals("BPE")) {
            throw new ConvertException(tokenizer.file + ": a tokenizer of type " + tokenizer.type() + "; "
                    + config.architecture() + " is converted with byte-level BPE or SentencePiece BPE");
        }
        return tokenizer.flag("byte_fallback")
                ? ByteFallbackVocabulary.read(files, tokenizer)
                : ByteLevelVocabulary.read(files, tokenizer, size, pre);
    }
}
