package org.kvant.cli.terminal;

import picocli.CommandLine.IVersionProvider;

/** Kvant's version from the jar's manifest, and the JVM that it runs on. */
public final class VersionProvider implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = VersionProvider.class.getPackage().getImplementationVersion();
        return new String[] {
            "kvant " + (version == null ? "(from classes)" : version),
            "JVM " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
        };
    }
}
