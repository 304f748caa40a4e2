package org.kvant.engine.watch;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one logger of the engine: whoever operates a server switches its messages by one name. */
public final class EngineLog {
    public static final Logger LOG = LoggerFactory.getLogger("org.kvant.engine");

    private EngineLog() {}
}
