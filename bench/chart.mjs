// A picture of how times grow: both axes logarithmic, one line for each series.
const WIDTH = 720;
const HEIGHT = 420;
const EDGE = { left: 70, right: 190, top: 40, bottom: 50 };
/** Points from one label to the next below it. */
const LINE = 15;
const COLOURS = ['#1668c1', '#c1440e', '#5b7f2b', '#8a5aa8'];

const label = (value) => (value >= 1_000_000 ? `${value / 1_000_000}M` : value.toLocaleString('en-US'));

/** @param series name → x → y */
export function chart({ title, x, y, series }) {
  const points = Object.values(series).flatMap((line) =>
    Object.entries(line).map(([at, value]) => [Number(at), value]),
  );
  const powers = (values) => {
    const logs = values.map(Math.log10);
    return [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  };
  const [left, right] = powers(points.map(([at]) => at));
  const [low, high] = powers(points.map(([, value]) => value));
  const toX = (at) => EDGE.left + ((Math.log10(at) - left) / (right - left)) * (WIDTH - EDGE.left - EDGE.right);
  const toY = (value) =>
    HEIGHT - EDGE.bottom - ((Math.log10(value) - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const text = (at, to, words, more = '') => `<text x="${at.toFixed(1)}" y="${to.toFixed(1)}" ${more}>${words}</text>`;
  const parts = [text(EDGE.left, 22, title, 'font-weight="bold"')];
  for (let power = low; power <= high; power++) {
    const to = toY(10 ** power);
    parts.push(`<path d="M${EDGE.left} ${to}H${WIDTH - EDGE.right}" stroke="#ddd"/>`);
    parts.push(text(EDGE.left - 8, to + 4, `${label(10 ** power)} ${y}`, 'text-anchor="end"'));
  }
  for (let power = left; power <= right; power++) {
    parts.push(text(toX(10 ** power), HEIGHT - EDGE.bottom + 20, `${label(10 ** power)}`, 'text-anchor="middle"'));
  }
  parts.push(text((EDGE.left + WIDTH - EDGE.right) / 2, HEIGHT - 8, x, 'text-anchor="middle"'));
  const ends = [];
  for (const [index, [name, line]] of Object.entries(series).entries()) {
    const along = Object.entries(line).map(([at, value]) => [toX(Number(at)), toY(value)]);
    if (along.length === 0) continue;
    const colour = COLOURS[index % COLOURS.length];
    const path = along.map(([at, to], n) => `${n === 0 ? 'M' : 'L'}${at.toFixed(1)} ${to.toFixed(1)}`).join('');
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    for (const [at, to] of along) {
      parts.push(`<circle cx="${at.toFixed(1)}" cy="${to.toFixed(1)}" r="3.5" fill="${colour}"/>`);
    }
    const [at, to] = along.at(-1);
    ends.push({ name, colour, at: at + 10, to: to + 4 });
  }
  ends.sort((a, b) => a.to - b.to);
  for (const [index, end] of ends.entries()) {
    const above = ends[index - 1];
    if (above && end.at === above.at) end.to = Math.max(end.to, above.to + LINE); // one under the other
    parts.push(text(end.at, end.to, end.name, `fill="${end.colour}"`));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img"><title>${title}</title><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`;
}
