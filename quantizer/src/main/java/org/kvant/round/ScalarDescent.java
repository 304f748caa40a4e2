package org.kvant.round;

/** Descent column by column. */
final class ScalarDescent extends Descent {

    ScalarDescent(Grid grid, float[][] h, boolean refit) {
        super(grid, h, refit);
    }

    @Override
    boolean improve(Strip strip, Code code, float[] values, float[] g, int c0) {
        boolean changed = false;
        int width = Math.min(grid.group, STRIP);
        for (int start = c0; start < c0 + STRIP; start += width) {
            int group = start / grid.group;
            float step = code.step[group];
            float offset = code.offset[group];
            float inverse = Grid.inverse(step);
            for (int j = start; j < start + width; j++) {
                float curvature = h[j][j];
                float target = values[j] + g[j] / curvature;
                int place = grid.levels.nearest((target - offset) * inverse);
                if (place == code.place(j)) {
                    continue;
                }
                float value = step * grid.levels.value(place) + offset;
                float change = value - values[j];
                float linear = 2 * change * g[j];
                float quadratic = change * change * curvature;
                if (linear - quadratic > RELATIVE_GAIN * (Math.abs(linear) + quadratic)) {
                    code.places[j] = (byte) place;
                    strip.set(j, value);
                    changed = true;
                }
            }
        }
        return changed;
    }
}
