package org.kvant.quantize;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/** SHA-256 of files and of what is in them. */
final class Digests {
    private Digests() {}

    static String ofFile(Path file) throws IOException {
        return HexFormat.of().formatHex(sha256().digest(Files.readAllBytes(file)));
    }

    /** Of all tensors in file order: name, type, shape and bytes, but no metadata. */
    static String ofTensors(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (GgufFile gguf = GgufFile.open(file)) {
            for (TensorInfo tensor : gguf.tensors()) {
                String head = tensor.name() + " " + tensor.type() + " " + java.util.Arrays.toString(tensor.shape());
                digest.update(head.getBytes(StandardCharsets.UTF_8));
                digest.update(gguf.data(tensor).asByteBuffer());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
