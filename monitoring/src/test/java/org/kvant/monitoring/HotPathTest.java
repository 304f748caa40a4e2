package org.kvant.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the decode thread calls for each token, alone and under scrapes. */
class HotPathTest {
    private final Monitoring monitoring = new Monitoring(BuildInfo.of("0.5.0"));
    private final EngineMetrics metrics = monitoring.engine("m");

    @AfterEach
    void close() {
        monitoring.close();
    }

    @Test
    void aTokenAllocatesNothing() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        tokens(20_000);

        long before = threads.getCurrentThreadAllocatedBytes();
        tokens(100_000);
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;

        // The window of Micrometer's maximum may turn once in between.
        assertThat(bytes).isLessThan(10_000);
    }

    private void tokens(int count) {
        for (int i = 0; i < count; i++) {
            metrics.token("1", 1_000_000L + i);
            metrics.decodeStep(4, 0, 4, 900_000L + i);
            metrics.schedulerStep(950_000L + i);
        }
    }

    @Test
    void scrapesDuringRecordingAreConsistentAndNothingIsLost() throws Exception {
        long seed = Long.getLong("kvant.seed", new Random().nextLong());
        System.out.println("kvant.seed=" + seed);
        int writers = 3;
        int each = 50_000;
        try (ExecutorService pool = Executors.newFixedThreadPool(writers)) {
            List<Future<?>> running = new ArrayList<>();
            for (int writer = 0; writer < writers; writer++) {
                Random random = new Random(seed + writer);
                running.add(pool.submit(() -> {
                    for (int i = 0; i < each; i++) {
                        metrics.token("1", random.nextLong(200_000_000_000L));
                    }
                }));
            }
            double last = 0;
            while (running.stream().anyMatch(future -> !future.isDone())) {
                last = assertConsistent(last);
            }
            for (Future<?> future : running) {
                future.get(1, TimeUnit.MINUTES);
            }
        }

        assertThat(assertConsistent(0)).isEqualTo(writers * each);
        assertThat(ParsedScrape.parse(monitoring.scrape()).value("kvant_generated_tokens_total", "model", "m"))
                .isEqualTo(writers * each);
    }

    /** Buckets ascend up to the count, and nothing falls from one scrape to the next. */
    private double assertConsistent(double countBefore) {
        ParsedScrape scrape = ParsedScrape.parse(monitoring.scrape());
        double below = 0;
        for (ParsedScrape.Sample sample :
                scrape.family("kvant_time_between_tokens_seconds").samples()) {
            if (sample.name().endsWith("_bucket")) {
                assertThat(sample.value()).isGreaterThanOrEqualTo(below);
                below = sample.value();
            }
        }
        double count = scrape.value("kvant_time_between_tokens_seconds_count", "model", "m");
        assertThat(count).isEqualTo(below).isGreaterThanOrEqualTo(countBefore);
        return count;
    }
}
