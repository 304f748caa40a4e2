package org.kvant.llama.loader;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The backends beside the CPU's that ggml looks for in a folder, as {@code ggml_backend_load_all_from_path}
 * (ggml-backend-reg.cpp) names them. That function passes over in silence what doesn't open, so these say what it takes.
 */
enum OptionalBackend {
    BLAS("BLAS", "the BLAS library that it was built with"),
    ZENDNN("ZenDNN", "AMD's ZenDNN library"),
    CANN("CANN", "Huawei's CANN toolkit and driver"),
    CUDA(
            "CUDA",
            "NVIDIA's driver and the CUDA runtime with cuBLAS, of the version that the missing library's name ends in"),
    HIP("ROCm", "AMD's driver and ROCm with hipBLAS and rocBLAS"),
    METAL("MTL", "a Mac with a GPU that runs Metal"),
    RPC("RPC", "nothing beside the C library"),
    SYCL("SYCL", "Intel's GPU driver and the oneAPI runtime"),
    VULKAN(
            "Vulkan",
            "the Vulkan loader (Debian: apt-get install libvulkan1) and the graphics card's driver with Vulkan (Debian:"
                    + " mesa-vulkan-drivers, or NVIDIA's)"),
    VIRTGPU("ggml-virtgpu", "a virtual machine with virtio-gpu"),
    OPENCL("OpenCL", "the OpenCL loader (Debian: apt-get install ocl-icd-libopencl1) and the device's OpenCL driver"),
    HEXAGON("HTP", "Qualcomm's driver for Hexagon"),
    MUSA("MUSA", "Moore Threads' driver and MUSA toolkit"),
    OPENVINO("OPENVINO", "Intel's OpenVINO runtime");

    private final String registryName;
    private final String needs;

    /**
     * @param registryName what {@code ggml_backend_reg_name} calls it
     * @param needs what has to be installed for it, the end of a sentence
     */
    OptionalBackend(String registryName, String needs) {
        this.registryName = registryName;
        this.needs = needs;
    }

    String registryName() {
        return registryName;
    }

    String needs() {
        return needs;
    }

    /** The files that ggml tries: one build only ({@code libggml-cuda.so}) or several to choose from ({@code libggml-cuda-x.so}). */
    Pattern fileName() {
        return Pattern.compile(
                "(?:lib)?ggml-" + name().toLowerCase(Locale.ROOT) + "(?:-.*)?\\.(?:so|dll)", Pattern.CASE_INSENSITIVE);
    }
}
