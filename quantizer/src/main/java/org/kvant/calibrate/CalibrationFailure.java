package org.kvant.calibrate;

/** A failure found inside the eval callback, which cannot throw checked exceptions; {@link Calibrator} turns it into a {@link CalibrateException}. */
final class CalibrationFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CalibrationFailure(String message) {
        super(message);
    }
}
