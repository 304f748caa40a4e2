package org.kvant.promptstore;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A tenant's salt as files hold it: its SHA-256, since it may be a secret. */
record Salt(String sha256) {
    static final int BYTES = 32;

    static Salt of(String salt) {
        return new Salt(HexFormat.of().formatHex(digest().digest(salt.getBytes(StandardCharsets.UTF_8))));
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(sha256);
    }

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
