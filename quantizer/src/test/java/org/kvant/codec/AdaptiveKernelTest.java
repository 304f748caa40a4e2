package org.kvant.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AdaptiveKernelTest {

    /** Writes its own mark and takes its own time. */
    private static final class Marked implements BlockKernel {

        private final byte mark;
        private final AtomicInteger slowCalls;
        private final AtomicInteger calls = new AtomicInteger();

        Marked(int mark, int slowCalls) {
            this.mark = (byte) mark;
            this.slowCalls = new AtomicInteger(slowCalls);
        }

        @Override
        public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
            calls.incrementAndGet();
            if (slowCalls.getAndDecrement() > 0) {
                try {
                    Thread.sleep(Duration.ofMillis(2));
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            y[yo] = mark;
        }

        @Override
        public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
            throw new AssertionError("not called");
        }

        @Override
        public int[] scaleOffsets() {
            return new int[] {0};
        }
    }

    private static int mark(BlockKernel kernel) {
        byte[] y = new byte[4096];
        kernel.encode(new float[1024], 0, y, 0, 32);
        return y[0];
    }

    @Test
    void goesOverWhenTheTwinIsFaster() throws InterruptedException {
        Marked scalar = new Marked(1, Integer.MAX_VALUE);
        Marked twin = new Marked(2, 20);
        AdaptiveKernel kernel = new AdaptiveKernel(scalar, twin, 32, 3000);
        assertThat(mark(kernel)).isEqualTo(1);
        assertThat(mark(kernel)).isEqualTo(1);
        assertThat(twin.calls).hasValue(0);
        assertThat(mark(kernel)).isEqualTo(1);
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!kernel.warm() && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        assertThat(mark(kernel)).isEqualTo(2);
    }

    @Test
    void goesOverAheadOfMuchWorkThatIsAnnounced() throws InterruptedException {
        Marked twin = new Marked(2, 20);
        AdaptiveKernel kernel = new AdaptiveKernel(new Marked(1, Integer.MAX_VALUE), twin, 32, 1 << 20);
        kernel.expect(1 << 20);
        assertThat(kernel.warm()).isFalse();
        kernel.expect(2 << 20);
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!kernel.warm() && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        assertThat(mark(kernel)).isEqualTo(2);
    }

    @Test
    void leavesTheTwinAloneWhileThereIsLittleWork() {
        Marked twin = new Marked(2, 0);
        AdaptiveKernel kernel = new AdaptiveKernel(new Marked(1, 0), twin, 32, 1 << 20);
        for (int i = 0; i < 1000; i++) {
            assertThat(mark(kernel)).isEqualTo(1);
        }
        assertThat(twin.calls).hasValue(0);
    }
}
