// Lone halves of surrogate pairs would be replaced in UTF-8; names, addresses and tags refuse them.
const SURROGATE = /[\ud800-\udfff]/;

/** Compares texts by their UTF-8 bytes, as SQLite does. JavaScript compares UTF-16 units: `😀` before `ﬁ`. */
export function byBytes(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
