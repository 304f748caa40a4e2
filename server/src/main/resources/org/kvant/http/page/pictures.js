// Pictures, in SVG made node by node.

function node(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** One line for each list of {age, value}; age in seconds before now. Returns the scale's top. */
function lines(svg, lists, span, classes, least = 1) {
  const { width, height } = svg.viewBox.baseVal;
  const top = Math.max(least, ...lists.flat().map(p => p.value).filter(Number.isFinite));
  const paths = lists.map((points, i) => {
    let d = '';
    for (const { age, value } of points) {
      const drawn = Number.isFinite(value) && age <= span;
      if (drawn) d += (d ? 'L' : 'M') + (width * (1 - age / span)).toFixed(1) + ' ' + (height - 2 - (height - 4) * value / top).toFixed(1);
    }
    return node('path', { d, class: classes[i] });
  });
  svg.replaceChildren(
    node('line', { x1: 0, x2: width, y1: height - 1, y2: height - 1, class: 'base' }), ...paths);
  return top;
}

/** A bar of parts [{name, value, text}]; those of `whole` that no part takes stay empty. The list says the same in words. */
function bar(svg, list, parts, whole, empty) {
  const { width, height } = svg.viewBox.baseVal;
  const total = whole || 1;
  let x = 0;
  const rects = parts.map(({ value }, i) => {
    const w = width * Math.min(1, value / total);
    const rect = node('rect', { x: x.toFixed(2), y: 0, width: w.toFixed(2), height, class: 'gap f' + (i + 1) });
    x += w;
    return rect;
  });
  svg.replaceChildren(...rects);
  const words = [...parts.map(({ name, text }) => name + ' ' + text), ...(empty ? [empty] : [])];
  svg.setAttribute('aria-label', words.join(', '));
  list.replaceChildren(...words.map((word, i) => {
    const item = document.createElement('li');
    if (i < parts.length) item.className = 'c' + (i + 1);
    item.textContent = word;
    return item;
  }));
}

/** From p50 to p99 with a mark at p90, one row a latency, from 1 ms (left) to 100 s. */
function ranges(svg, rows) {
  const { width } = svg.viewBox.baseVal;
  const left = 76;
  const decades = [0.001, 0.01, 0.1, 1, 10, 100];
  const x = v => left + (width - left - 14) * Math.min(1, Math.max(0, (Math.log10(v) + 3) / 5));
  const made = decades.flatMap(v => [
    node('line', { x1: x(v), x2: x(v), y1: 4, y2: 80, class: 'grid' }),
    node('text', { x: x(v), y: 92, 'text-anchor': 'middle' }, v < 1 ? v * 1000 + ' ms' : v + ' s'),
  ]);
  rows.forEach(({ title, p50, p90, p99 }, i) => {
    const y = 16 + 25 * i;
    made.push(node('text', { x: 0, y: y + 3 }, title));
    if (!Number.isFinite(p50)) return;
    made.push(
      node('rect', { x: x(p50) - 1, y: y - 5, width: Math.max(2, x(p99) - x(p50) + 2), height: 10, rx: 2, class: 'f' + (i + 1) }),
      node('line', { x1: x(p90), x2: x(p90), y1: y - 9, y2: y + 9, class: 'base' }));
  });
  svg.replaceChildren(...made);
}
