// Reads /metrics each second while somebody looks, and shows it.

const EVERY_MILLIS = 1000;
const SPAN_SECONDS = 120;
/** Rates are taken over this long: the picture moves, and single tokens don't make it jump. */
const RATE_SECONDS = 3;
const LATENCIES = [
  { name: 'kvant_time_to_first_token_seconds', title: 'First token' },
  { name: 'kvant_time_between_tokens_seconds', title: 'Between tokens' },
  { name: 'kvant_request_end_to_end_seconds', title: 'Whole request' },
];
const KEY = 'kvant-api-key';

const $ = id => document.getElementById(id);
const readings = [];
let model = null;
let timer = 0;

/** A request of this server's, with the key if one was given; a refusal of it brings the question for one. */
async function server(path, options = {}) {
  const key = sessionStorage.getItem(KEY);
  const response = await fetch(path, {
    ...options, cache: 'no-store', headers: { ...options.headers, ...(key ? { Authorization: 'Bearer ' + key } : {}) } });
  if (response.status === 401) {
    sessionStorage.removeItem(KEY);
    if (key) $('key-note').textContent = 'The server does not take that key. Try again.';
    if ($('key-form').hidden) {
      $('key-form').hidden = false;
      $('key').focus();
    }
  }
  return response;
}

function state(word, kind) {
  if ($('state').textContent !== word) $('state').textContent = word;
  $('state').className = 'state ' + kind;
}

function facts(entries) {
  const wanted = entries.filter(([, value]) => value);
  const text = JSON.stringify(wanted);
  if ($('facts').dataset.shown === text) return;
  $('facts').dataset.shown = text;
  $('facts').replaceChildren(...wanted.map(([name, value]) => {
    const div = document.createElement('div');
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = name;
    dd.textContent = value;
    div.append(dt, dd);
    return div;
  }));
}

const values = (families, name) => families.get(name) ?? [];
const text = (id, value) => { $(id).textContent = value; };

function showWhat(now) {
  const build = values(now, 'kvant_build_info')[0]?.labels;
  const cache = values(now, 'kvant_kv_reserved_bytes').map(s => s.labels.part.toUpperCase() + ' ' + s.labels.type);
  const id = values(now, 'kvant_sequences')[0]?.labels.model ?? '';
  document.title = id ? id + ' – Kvant' : 'Kvant';
  text('what', id + (model ? ' (' + model.meta.description + ')' : ''));
  facts([
    ['parameters', model && (model.meta.n_params / 1e6).toLocaleString('en', { maximumFractionDigits: 1 }) + ' M'],
    ['bits a weight', model && (8 * model.meta.size / model.meta.n_params).toFixed(2)],
    ['context', model && count(model.meta.n_ctx) + ' tokens for each of ' + count(sum(now, 'kvant_sequences')) + ' slots'],
    ['trained on', model && count(model.meta.n_ctx_train)],
    ['KV cache', cache.join(', ')],
    ['version', build && build.version + ', llama.cpp ' + build.llama_cpp.replace(/^llama\.cpp /, '') + ', Java ' + build.java],
  ]);
}

/** Speed of a counter at each reading, over the seconds before it. */
function rates(values) {
  const newest = readings.at(-1).time;
  return readings.map((reading, i) => {
    let j = i;
    while (j > 0 && reading.time - readings[j].time < RATE_SECONDS) j--;
    const grown = values(reading.families) - values(readings[j].families);
    return { age: newest - reading.time, value: i === j ? NaN : Math.max(0, grown) / (reading.time - readings[j].time) };
  });
}

function showSpeed() {
  const generated = rates(f => sum(f, 'kvant_generated_tokens_total') ?? 0);
  const prompted = rates(f => sum(f, 'kvant_prompt_tokens_total', { source: 'computed' }) ?? 0);
  text('generated', rate(generated.at(-1).value));
  text('prompted', rate(prompted.at(-1).value));
  const now = readings.at(-1).families;
  const all = sum(now, 'kvant_prompt_tokens_total');
  text('hits', all ? (100 * sum(now, 'kvant_prompt_tokens_total', { source: 'cached' }) / all).toFixed(0) : '–');
  const top = lines($('speed'), [generated], SPAN_SECONDS, ['s1'], 10);
  text('speed-max', 'top: ' + count(top) + ' tokens/s');
}

function showLatencies() {
  const now = readings.at(-1);
  const span = Number($('span').value);
  const before = span ? readings.findLast(r => now.time - r.time >= span) ?? readings[0] : null;
  const rows = LATENCIES.map(({ name, title }) => {
    const here = histogram(now.families, name);
    const seen = since(here, before && before !== now ? histogram(before.families, name) : null);
    return { title, of: seen.at(-1)?.count, p50: quantile(seen, 0.5), p90: quantile(seen, 0.9), p99: quantile(seen, 0.99) };
  });
  $('latencies').replaceChildren(...rows.map(row => {
    const tr = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = row.title;
    tr.append(head);
    for (const value of [seconds(row.p50), seconds(row.p90), seconds(row.p99), count(row.of)]) {
      const td = document.createElement('td');
      td.textContent = value;
      tr.append(td);
    }
    return tr;
  }));
  ranges($('latency'), rows);
}

function showLoad(now) {
  text('running', count(sum(now, 'kvant_requests_running')));
  text('slots', count(sum(now, 'kvant_sequences')));
  text('waiting', count(sum(now, 'kvant_requests_waiting')));
  text('finished', count(sum(now, 'kvant_requests_total')));
  text('failed', count(sum(now, 'kvant_requests_total', { outcome: 'error' })));
  text('refused', count(sum(now, 'kvant_requests_rejected_total')));
  const newest = readings.at(-1).time;
  const line = name => readings.map(r => ({ age: newest - r.time, value: sum(r.families, name) ?? NaN }));
  lines($('queue'), [line('kvant_requests_running'), line('kvant_requests_waiting')], SPAN_SECONDS, ['s1', 's2'], sum(now, 'kvant_sequences') ?? 1);
}

function showCache(now) {
  const cells = sum(now, 'kvant_kv_cells') ?? 0;
  const running = sum(now, 'kvant_kv_used_cells', { use: 'running' }) ?? 0;
  const kept = sum(now, 'kvant_kv_used_cells', { use: 'cached' }) ?? 0;
  text('kv-text', count(running + kept) + ' of ' + count(cells) + ' tokens, ' + bytes(sum(now, 'kvant_kv_reserved_bytes')) + ' reserved');
  bar($('kv'), $('kv-parts'), [
    { name: 'of running requests', value: running, text: count(running) },
    { name: 'kept for reuse', value: kept, text: count(kept) },
  ], cells, 'free ' + count(Math.max(0, cells - running - kept)));
}

function showMemory(now) {
  const kv = values(now, 'kvant_kv_reserved_bytes').map(s => ({
    name: s.labels.part.toUpperCase() + ' cache (' + s.labels.type + ')', value: s.value, text: bytes(s.value) }));
  const part = (name, metric) => ({ name, value: sum(now, metric) ?? 0, text: bytes(sum(now, metric)) });
  const parts = [part('weights', 'kvant_weight_bytes'), ...kv, part('compute buffers', 'kvant_compute_buffer_bytes'),
    part('Java heap', 'kvant_java_heap_committed_bytes')];
  const resident = sum(now, 'kvant_resident_memory_bytes');
  text('memory-text', bytes(resident) + ' of this process are in RAM');
  bar($('memory'), $('memory-parts'), parts, parts.reduce((total, p) => total + p.value, 0));
}

function show() {
  const now = readings.at(-1).families;
  const active = values(now, 'kvant_engine_state').find(s => s.value === 1)?.labels.state ?? 'unknown';
  state(active, active === 'ready' ? 'good' : active === 'failed' ? 'bad' : '');
  showWhat(now);
  showSpeed();
  showLatencies();
  showLoad(now);
  showCache(now);
  showMemory(now);
  return active;
}

async function read() {
  const response = await server('/metrics?names=kvant', { headers: { Accept: 'text/plain' } });
  if (response.status === 401) {
    state('needs a key', '');
    return;
  }
  if (!response.ok) throw new Error('The server answered ' + response.status);
  const families = parseMetrics(await response.text());
  $('key-form').hidden = true;
  const time = performance.now() / 1e3;
  const uptime = f => sum(f, 'kvant_uptime_seconds') ?? 0;
  if (readings.length && uptime(families) < uptime(readings.at(-1).families)) {
    readings.length = 0; // Another process: nothing goes on from before.
    model = null;
  }
  readings.push({ time, families });
  while (readings[0].time < time - SPAN_SECONDS - RATE_SECONDS) readings.shift();
  if (show() === 'ready' && !model) {
    const models = await server('/v1/models');
    if (models.ok) model = (await models.json()).data[0];
  }
}

async function poll() {
  clearTimeout(timer);
  try {
    if (!document.hidden) await read();
  } catch (error) {
    console.error(error);
    state('unreachable', 'bad');
  }
  clearTimeout(timer);
  timer = setTimeout(poll, EVERY_MILLIS);
}

$('key-form').addEventListener('submit', event => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $('key').value);
  $('key').value = '';
  poll();
});
$('span').addEventListener('change', () => readings.length && showLatencies());
startTry(server);
poll();
