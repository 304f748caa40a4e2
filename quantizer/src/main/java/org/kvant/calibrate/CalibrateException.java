package org.kvant.calibrate;

import java.io.IOException;

/** A calibration cannot be done as asked, or a statistics file cannot be used; the message names the file, the place and what would help. */
public final class CalibrateException extends IOException {
    private static final long serialVersionUID = 1L;

    public CalibrateException(String message) {
        super(message);
    }

    public CalibrateException(String message, Throwable cause) {
        super(message, cause);
    }
}
