// What /metrics says, and what follows from two readings of it.

/** Prometheus' text format: name → [{labels, value}]. */
function parseMetrics(text) {
  const families = new Map();
  const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
  for (const line of text.split('\n')) {
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!sample) continue;
    const labels = {};
    for (const [, name, value] of (sample[2] ?? '').matchAll(label)) {
      labels[name] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    }
    if (!families.has(sample[1])) families.set(sample[1], []);
    families.get(sample[1]).push({ labels, value: Number(sample[3].replace('Inf', 'Infinity')) });
  }
  return families;
}

/** The sum of the samples with these labels; undefined if there is none. */
function sum(families, name, labels = {}) {
  const fitting = (families.get(name) ?? []).filter(s => Object.entries(labels).every(([k, v]) => s.labels[k] === v));
  return fitting.length ? fitting.reduce((total, s) => total + s.value, 0) : undefined;
}

/** Cumulative counts of a histogram by upper bound, all models together. */
function histogram(families, name) {
  const counts = new Map();
  for (const { labels, value } of families.get(name + '_bucket') ?? []) {
    const bound = Number(labels.le.replace('Inf', 'Infinity'));
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return [...counts].map(([bound, count]) => ({ bound, count })).sort((a, b) => a.bound - b.bound);
}

/** What was observed between two readings; all of it without an earlier one, or when the server has started anew. */
function since(now, before) {
  if (!before?.length || before.length !== now.length || before.at(-1).count > now.at(-1).count) return now;
  return now.map(({ bound, count }, i) => ({ bound, count: count - before[i].count }));
}

/** As Prometheus' histogram_quantile: linear inside a bucket; NaN of nothing, and the last bound for what lies beyond it. */
function quantile(buckets, q) {
  const total = buckets.at(-1)?.count ?? 0;
  if (!(total > 0)) return NaN;
  const rank = q * total;
  let lower = 0;
  let below = 0;
  for (const { bound, count } of buckets) {
    if (count >= rank && count > below) {
      return bound === Infinity ? lower : lower + (bound - lower) * (rank - below) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return lower;
}

function seconds(value) {
  if (!Number.isFinite(value)) return '–';
  const [scaled, unit] = value < 1 ? [value * 1e3, 'ms'] : [value, 's'];
  return scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0) + ' ' + unit;
}

function bytes(value) {
  if (!Number.isFinite(value)) return '–';
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  const scaled = value / 1024 ** power;
  return scaled.toFixed(power === 0 || scaled >= 100 ? 0 : 1) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][power];
}

function count(value) {
  return value === undefined ? '–' : Math.round(value).toLocaleString('en');
}

function rate(value) {
  return Number.isFinite(value) ? (value < 10 ? value.toFixed(1) : count(value)) : '–';
}
