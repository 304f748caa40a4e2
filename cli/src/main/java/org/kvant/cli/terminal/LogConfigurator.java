package org.kvant.cli.terminal;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * The log's set-up in code: a file of XML takes a tenth of a second to read at every start. Logback finds this class as a service; a file that
 * {@code -Dlogback.configurationFile} names comes first.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_TOP_PRIORITY)
public final class LogConfigurator extends ContextAwareBase implements Configurator {
    private static final String PATTERN =
            "%d{HH:mm:ss.SSS} %-5level %logger{20} - %msg%replace(%replace( %kvp){'[\\r\\n]+', ' '}){'^ $', ''}%n";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(PATTERN);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("STDERR");
        // Standard output belongs to results (the JSON of inspect, for example).
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(level("KVANT_LOG", Level.INFO));
        root.addAppender(appender);
        // A line for each request.
        context.getLogger("kvant.request").setLevel(level("KVANT_REQUEST_LOG", Level.INFO));
        // The library tells hundreds of lines about each model that it loads.
        Level ofLibrary = level("KVANT_NATIVE_LOG", Level.WARN);
        context.getLogger("llama").setLevel(ofLibrary);
        context.getLogger("ggml").setLevel(ofLibrary);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** By environment variable or, as in a configuration file, system property. */
    private static Level level(String name, Level otherwise) {
        return Level.toLevel(System.getProperty(name, System.getenv(name)), otherwise);
    }
}
