package org.kvant.monitoring;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * Versions, for {@link Metric#BUILD}.
 *
 * @param version Kvant's
 * @param llamaCppVersion the native library's
 * @param javaVersion the runtime's
 */
public record BuildInfo(String version, String llamaCppVersion, String javaVersion) {

    /** This build with the given native library. */
    public static BuildInfo of(String llamaCppVersion) {
        Properties properties = new Properties();
        try (InputStream in = BuildInfo.class.getResourceAsStream("build.properties")) {
            if (in == null) {
                throw new IllegalStateException("build.properties is missing in the jar of kvant-monitoring");
            }
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new BuildInfo(
                properties.getProperty("version", "unknown"),
                llamaCppVersion,
                Runtime.version().toString());
    }
}
