package org.kvant.round;

/** Descent column by column. */
final class ScalarDescent extends Descent {

    ScalarDescent(Grid grid, Hessian h, boolean refit) {
        super(grid, h, refit);
    }

    @Override
    boolean improve(Strip strip, int c0) {
        boolean changed = false;
        int width = Math.min(grid.group, STRIP);
        Code code = strip.code;
        for (int start = c0; start < c0 + STRIP; start += width) {
            int group = start / grid.group;
            float step = code.step[group];
            float offset = code.offset[group];
            float inverse = Grid.inverse(step);
            for (int j = start; j < start + width; j++) {
                int i = j - strip.block;
                float g = strip.g[i];
                float curvature = strip.curvature(i);
                float old = strip.values[j];
                int place = grid.levels.nearest((old + g / curvature - offset) * inverse);
                if (place == code.place(j)) {
                    continue;
                }
                float value = step * grid.levels.value(place) + offset;
                float change = value - old;
                float linear = 2 * change * g;
                float quadratic = change * change * curvature;
                if (linear - quadratic > Strip.RELATIVE_GAIN * (Math.abs(linear) + quadratic)) {
                    code.places[j] = (byte) place;
                    strip.set(i, value);
                    changed = true;
                }
            }
        }
        return changed;
    }
}
