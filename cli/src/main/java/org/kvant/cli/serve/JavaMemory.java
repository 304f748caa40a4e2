package org.kvant.cli.serve;

/**
 * What Java takes beside the native parts, in bytes.
 *
 * @param heap most that the heap may grow to
 * @param rest classes, compiled code, threads, network buffers
 */
record JavaMemory(long heap, long rest) {
    /** Measured: resident memory of a served model less its heap, weights, cache and compute buffers, after requests. */
    private static final long REST = 96L << 20;

    /** Of a server with this process' settings: bin/kvant starts both alike. */
    static JavaMemory ofThisProcess() {
        return new JavaMemory(Runtime.getRuntime().maxMemory(), REST);
    }

    long bytes() {
        return heap + rest;
    }
}
