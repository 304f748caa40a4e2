package org.kvant.calibrate;

import java.nio.file.Path;

/**
 * How a calibration ended.
 *
 * @param complete whether the statistics have been written; otherwise it was stopped, and the folder {@code partial} holds what is needed to go on
 * @param partial where the state of an unfinished run is
 * @param chunks that the text gave
 * @param inputs distinct inputs of linear layers
 * @param outputBytes size of the file; 0 if not complete
 */
public record CalibrateResult(boolean complete, Path partial, int chunks, int inputs, long outputBytes) {}
