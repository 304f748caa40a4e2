package org.kvant.monitoring;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.RuntimeMXBean;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The process' memory, times and versions: everything in the catalogue that has no label {@code model}. */
public final class ProcessMetrics implements MeterBinder {
    private static final double MILLIS_PER_SECOND = 1e3;
    private static final double NANOS_PER_SECOND = 1e9;

    // Constants, because the registry holds what it counts weakly.
    private static final List<GarbageCollectorMXBean> COLLECTORS = ManagementFactory.getGarbageCollectorMXBeans();
    private static final Supplier<Number> GC_SECONDS = () -> COLLECTORS.stream()
                    .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                    .sum()
            / MILLIS_PER_SECOND;
    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final Supplier<Number> CPU_SECONDS = () -> SYSTEM.getProcessCpuTime() / NANOS_PER_SECOND;

    private final BuildInfo build;
    private final ResidentMemory memory;

    public ProcessMetrics(BuildInfo build) {
        this(build, new ResidentMemory());
    }

    ProcessMetrics(BuildInfo build, ResidentMemory memory) {
        this.build = build;
        this.memory = memory;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Meters meters = new Meters(registry);
        bindMemory(meters);
        bindTimes(meters);
        meters.gauge(Metric.BUILD, () -> 1, build.version(), build.llamaCppVersion(), build.javaVersion());
    }

    private void bindMemory(Meters meters) {
        Remembered<Map<String, Long>> resident = new Remembered<>(memory::read);
        for (String kind : resident.get().keySet()) {
            meters.gauge(Metric.RESIDENT_BYTES, () -> resident.get().getOrDefault(kind, 0L), kind);
        }
        MemoryMXBean heap = ManagementFactory.getMemoryMXBean();
        meters.gauge(Metric.JAVA_HEAP_USED, () -> heap.getHeapMemoryUsage().getUsed());
        meters.gauge(Metric.JAVA_HEAP_COMMITTED, () -> heap.getHeapMemoryUsage().getCommitted());
        meters.gauge(Metric.JAVA_HEAP_MAX, () -> heap.getHeapMemoryUsage().getMax());
        List<BufferPoolMXBean> direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .toList();
        meters.gauge(
                Metric.JAVA_DIRECT,
                () -> direct.stream().mapToLong(BufferPoolMXBean::getMemoryUsed).sum());
    }

    private static void bindTimes(Meters meters) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        meters.gauge(Metric.JAVA_THREADS, threads::getThreadCount);
        meters.counter(Metric.GC_SECONDS, GC_SECONDS);
        meters.counter(Metric.CPU_SECONDS, CPU_SECONDS);
        RuntimeMXBean runtime = ManagementFactory.getRuntimeMXBean();
        meters.gauge(Metric.UPTIME, () -> runtime.getUptime() / MILLIS_PER_SECOND);
    }
}
