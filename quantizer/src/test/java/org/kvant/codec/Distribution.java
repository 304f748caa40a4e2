package org.kvant.codec;

import java.util.Random;

/** Values that weights have, and values that hurt. All finite, none large enough for a scale to overflow F16. */
enum Distribution {
    NORMAL {
        @Override
        float value(Random r, int i, float s) {
            return (float) r.nextGaussian() * s;
        }
    },
    UNIFORM {
        @Override
        float value(Random r, int i, float s) {
            return (r.nextFloat() - 0.5f) * s;
        }
    },
    LAPLACE {
        @Override
        float value(Random r, int i, float s) {
            return (float) -Math.log(1 - r.nextDouble()) * (r.nextBoolean() ? s : -s);
        }
    },
    ZEROS {
        @Override
        float value(Random r, int i, float s) {
            return 0;
        }
    },
    SIGNED_ZEROS {
        @Override
        float value(Random r, int i, float s) {
            return r.nextBoolean() ? 0f : -0f;
        }
    },
    ZEROS_AND_MORE {
        @Override
        float value(Random r, int i, float s) {
            return switch (r.nextInt(4)) {
                case 0 -> -0f;
                case 1 -> 0f;
                default -> Math.abs((float) r.nextGaussian() * s);
            };
        }
    },
    CONSTANT {
        @Override
        float value(Random r, int i, float s) {
            return s;
        }
    },
    NEGATIVE_CONSTANT {
        @Override
        float value(Random r, int i, float s) {
            return -s;
        }
    },
    NEARLY_CONSTANT {
        @Override
        float value(Random r, int i, float s) {
            return r.nextInt(4) == 0 ? Math.nextUp(-s) : -s;
        }
    },
    ONE_OUTLIER {
        @Override
        float value(Random r, int i, float s) {
            return i % 250 == 17 ? 800f : (float) r.nextGaussian() * s;
        }
    },
    DENORMAL {
        @Override
        float value(Random r, int i, float s) {
            return Float.intBitsToFloat(r.nextInt(1 << 1 + i / 32 % 24) | r.nextInt(2) << 31);
        }
    },
    AROUND_THE_SMALLEST_HALF {
        @Override
        float value(Random r, int i, float s) {
            return (float) r.nextGaussian() * 6e-6f;
        }
    },
    LARGE {
        @Override
        float value(Random r, int i, float s) {
            return (r.nextFloat() * 2 - 1) * 40000;
        }
    },
    FALLING {
        @Override
        float value(Random r, int i, float s) {
            return (float) (r.nextGaussian() * Math.pow(10, -(i / 64 % 44)));
        }
    },
    MIXED_SCALES {
        @Override
        float value(Random r, int i, float s) {
            return (float) (r.nextGaussian() * Math.pow(2, -(i / 16 * 7 % 23)));
        }
    },
    ALTERNATING {
        @Override
        float value(Random r, int i, float s) {
            return i % 2 == 0 ? s : -s;
        }
    },
    TIES {
        @Override
        float value(Random r, int i, float s) {
            return (r.nextInt(33) - 16) * 0.5f;
        }
    },
    POSITIVE {
        @Override
        float value(Random r, int i, float s) {
            return Math.abs((float) r.nextGaussian() * s) + s;
        }
    },
    NEGATIVE {
        @Override
        float value(Random r, int i, float s) {
            return -Math.abs((float) r.nextGaussian() * s) - s;
        }
    },
    SPARSE {
        @Override
        float value(Random r, int i, float s) {
            return r.nextInt(20) == 0 ? (float) r.nextGaussian() : 0;
        }
    },
    EMPTY_GROUPS {
        @Override
        float value(Random r, int i, float s) {
            return i / 48 % 3 == 0 ? 0 : (float) r.nextGaussian() * s;
        }
    };

    /** Value i of a tensor whose scale is s. */
    abstract float value(Random r, int i, float s);

    float[] values(Random r, int n) {
        float s = (float) Math.exp(r.nextGaussian() * 2 - 4);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = value(r, i, s);
        }
        return values;
    }
}
