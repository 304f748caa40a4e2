package org.kvant.cli.serve;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import org.kvant.cli.terminal.LogConfigurator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the log is written to standard error. */
enum LogFormat {
    /** As {@link LogConfigurator} says. */
    TEXT,
    /** One JSON object a line. */
    JSON;

    /** Puts the format in force for all that is logged from now on. */
    void apply() {
        if (this == TEXT) {
            return;
        }
        LoggerContext context = context();
        JsonLogEncoder encoder = new JsonLogEncoder();
        encoder.setContext(context);
        encoder.start();
        OutputStreamAppender<ILoggingEvent> appender = (OutputStreamAppender<ILoggingEvent>)
                context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("STDERR");
        appender.stop();
        appender.setEncoder(encoder);
        appender.start();
    }

    private static LoggerContext context() {
        // SLF4J hands out a stand-in while another thread sets it up, which holds this monitor until it is done.
        synchronized (LoggerFactory.class) {
            return (LoggerContext) LoggerFactory.getILoggerFactory();
        }
    }
}
