package org.kvant.llama;

/**
 * A device that ggml can compute on.
 *
 * @param name ggml's name, such as {@code CPU} or {@code CUDA0}
 * @param description the hardware's name
 * @param kind what it is
 * @param memoryFreeBytes free memory when the list was made; 0 if the device does not say
 * @param memoryTotalBytes its memory; 0 if the device does not say
 */
public record Device(String name, String description, Kind kind, long memoryFreeBytes, long memoryTotalBytes) {

    /** What a device is, as {@code enum ggml_backend_dev_type} has it. */
    public enum Kind {
        CPU,
        /** A GPU with memory of its own. */
        GPU,
        /** A GPU that uses the host's memory. */
        IGPU,
        /** Works beside the CPU, such as BLAS. */
        ACCEL,
        /** Several devices in one, for tensor parallelism. */
        META
    }
}
