package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.ggml_log_callback;
import org.kvant.llama.ffi.llama_h;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Brings the log lines of llama.cpp and ggml to SLF4J, under the names {@code llama} and {@code ggml}. Any native thread
 * may call in; nothing may be thrown back, because an exception in an upcall ends the JVM.
 */
public final class NativeLog {
    /** A line can come in pieces; longer ones are cut. */
    private static final int LINE_LIMIT = 16_384;

    /** Lines of the current thread's native call, kept whatever the logger's level is. */
    private static final ThreadLocal<@Nullable Capture> CAPTURE = new ThreadLocal<>();

    private static final ThreadLocal<@Nullable Boolean> SILENT = new ThreadLocal<>();

    private final Logger logger;
    private final StringBuilder pending = new StringBuilder();
    private Level level = Level.INFO;
    private boolean wanted;

    private NativeLog(Logger logger) {
        this.logger = logger;
    }

    /** Called once, before backends are loaded. */
    public static void install() {
        // llama_log_set also sets ggml's, so the order matters. Native code keeps both for the life of the process.
        llama_h.llama_log_set(stub("llama"), MemorySegment.NULL);
        llama_h.ggml_log_set(stub("ggml"), MemorySegment.NULL);
    }

    private static MemorySegment stub(String name) {
        NativeLog log = new NativeLog(LoggerFactory.getLogger(name));
        return ggml_log_callback.allocate(log::receive, Arena.global());
    }

    /** What llama.cpp says during one call, for the errors' reasons and the sizes that no function returns. */
    public static final class Capture implements AutoCloseable {
        private final List<String> lines = new ArrayList<>();
        private final List<String> problems = new ArrayList<>();
        private final @Nullable Capture outer = CAPTURE.get();

        public Capture() {
            CAPTURE.set(this);
        }

        private void add(Level level, String line) {
            lines.add(line);
            if (level == Level.ERROR) {
                problems.add(line);
            }
        }

        public List<String> lines() {
            return lines;
        }

        /** The error lines in one, or what stands in for them when there are none. */
        public String problemsOr(String otherwise) {
            return problems.isEmpty() ? otherwise : String.join("; ", problems);
        }

        @Override
        public void close() {
            CAPTURE.set(outer);
        }
    }

    /** What llama.cpp says during a call that is stopped on purpose, which it calls an error, is logged for those who debug only. */
    public static final class Silence implements AutoCloseable {
        private final boolean outer = Boolean.TRUE.equals(SILENT.get());

        public Silence(boolean silent) {
            SILENT.set(outer || silent);
        }

        @Override
        public void close() {
            SILENT.set(outer);
        }
    }

    private void receive(int nativeLevel, MemorySegment text, MemorySegment userData) {
        try {
            accept(nativeLevel, text);
        } catch (Throwable ignored) {
            // Nothing can be done about a logger that fails, and throwing would end the JVM.
        }
    }

    private synchronized void accept(int nativeLevel, MemorySegment text) {
        if (nativeLevel != llama_h.GGML_LOG_LEVEL_CONT()) {
            flush();
            level = Boolean.TRUE.equals(SILENT.get()) ? Level.DEBUG : level(nativeLevel);
            wanted = logger.isEnabledForLevel(level) || (CAPTURE.get() != null && level.toInt() >= Level.INFO.toInt());
        }
        if (!wanted) {
            return;
        }
        pending.append(text.getString(0));
        if (pending.length() > LINE_LIMIT) {
            pending.setLength(LINE_LIMIT);
            flush();
        } else if (!pending.isEmpty() && pending.charAt(pending.length() - 1) == '\n') {
            flush();
        }
    }

    private void flush() {
        String line = pending.toString().strip();
        pending.setLength(0);
        if (line.isEmpty()) {
            return;
        }
        Capture capture = CAPTURE.get();
        if (capture != null) {
            capture.add(level, line);
        }
        logger.atLevel(level).log(line);
    }

    private static Level level(int nativeLevel) {
        if (nativeLevel == llama_h.GGML_LOG_LEVEL_ERROR()) {
            return Level.ERROR;
        }
        if (nativeLevel == llama_h.GGML_LOG_LEVEL_WARN()) {
            return Level.WARN;
        }
        if (nativeLevel == llama_h.GGML_LOG_LEVEL_DEBUG()) {
            return Level.DEBUG;
        }
        return Level.INFO;
    }
}
