package org.kvant.report;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds places for the labels of marks where they cover neither marks, bars, nor one another: nearest first, improved in a few
 * rounds. A label without such a place is left out; the mark keeps its tooltip.
 */
final class Labels {
    private static final double CHARACTER = 7.4;
    private static final double ASCENT = 11;
    private static final double DESCENT = 4;
    private static final int ROUNDS = 4;

    /** Cost of covering something; farther places cost less than that. */
    private static final double COVERED = 1000;

    private static final double LINE_CROSSED = 14;
    private static final double LEADER_CROSSES = 150;

    /** @param right edge; all in the plot's units */
    record Box(double left, double top, double right, double bottom) {
        boolean meets(Box other) {
            return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
        }

        boolean contains(double x, double y) {
            return x > left && x < right && y > top && y < bottom;
        }

        boolean within(Box other) {
            return left >= other.left && right <= other.right && top >= other.top && bottom <= other.bottom;
        }
    }

    /**
     * Where a label goes.
     *
     * @param x left end of its baseline
     * @param far whether it needs a line to its mark
     * @param mark the mark's x and y
     */
    record Place(double x, double y, double length, boolean far, double[] mark) {
        /** The line to the mark. */
        Line leader() {
            double endX = Math.clamp(mark[0], x, x + length);
            double endY = Math.clamp(mark[1], y - ASCENT + 2, y + DESCENT - 2);
            return new Line(mark[0], mark[1], endX, endY);
        }

        Box box() {
            return new Box(x - 1, y - ASCENT, x + length + 1, y + DESCENT);
        }
    }

    /** A stretch of a line that labels had better not cross. */
    record Line(double x1, double y1, double x2, double y2) {
        boolean crosses(Box box) {
            int steps = 24;
            for (int i = 0; i <= steps; i++) {
                double x = x1 + (x2 - x1) * i / steps;
                double y = y1 + (y2 - y1) * i / steps;
                if (box.contains(x, y)) {
                    return true;
                }
            }
            return false;
        }
    }

    private final Box frame;
    private final List<Box> taken;
    private final List<Line> lines;

    /** @param taken what no label may cover */
    Labels(Box frame, List<Box> taken, List<Line> lines) {
        this.frame = frame;
        this.taken = List.copyOf(taken);
        this.lines = List.copyOf(lines);
    }

    /**
     * Places for all labels.
     *
     * @param marks the marks' x and y, the most important first
     * @return in the same order; null where there is none
     */
    List<@Nullable Place> place(List<double[]> marks, List<String> texts) {
        List<@Nullable Place> places = new ArrayList<>();
        texts.forEach(text -> places.add(null));
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < texts.size(); i++) {
                places.set(i, null);
                places.set(i, best(marks.get(i), texts.get(i).length() * CHARACTER, places));
            }
        }
        return places;
    }

    private @Nullable Place best(double[] mark, double length, List<@Nullable Place> others) {
        Place best = null;
        double least = COVERED;
        for (double distance : new double[] {11, 17, 25, 36, 50, 66}) {
            for (int direction = 0; direction < 16; direction++) {
                Place place = at(mark, length, distance, direction);
                double cost = cost(place, others) + distance + (direction % 8 == 0 ? 0 : 3);
                if (cost < least) {
                    least = cost;
                    best = place;
                }
            }
        }
        return best;
    }

    /** Direction 0 is to the right, 8 to the left, 4 below. */
    private static Place at(double[] mark, double length, double distance, int direction) {
        double angle = direction * Math.PI / 8;
        double x = mark[0] + distance * Math.cos(angle);
        double y = mark[1] + 4 + distance * Math.sin(angle);
        double shift = (1 - Math.cos(angle)) / 2 * length;
        return new Place(x - shift, y, length, distance > 20, mark);
    }

    private double cost(Place place, List<@Nullable Place> others) {
        Box box = place.box();
        if (!box.within(frame)) {
            return COVERED;
        }
        double cost =
                LINE_CROSSED * lines.stream().filter(line -> line.crosses(box)).count();
        Line leader = place.far() ? place.leader() : null;
        for (Box other : taken) {
            if (box.meets(other)) {
                return COVERED;
            }
            boolean own = Math.abs((other.left + other.right) / 2 - place.mark()[0]) < 1;
            if (leader != null && !own && leader.crosses(other)) {
                cost += LEADER_CROSSES;
            }
        }
        for (Place other : others) {
            if (other != null) {
                if (box.meets(other.box())) {
                    return COVERED;
                }
                boolean crosses = leader != null && leader.crosses(other.box())
                        || other.far() && other.leader().crosses(box);
                cost += crosses ? LEADER_CROSSES : 0;
            }
        }
        return cost;
    }
}
