/** The reason why a text is refused, and its position. */
export interface JsonFault {
  readonly reason: 'syntax' | 'depth' | 'duplicate';
  /** The problem, in our words. */
  readonly problem: string;
  readonly offset: number;
  /** The keys and indexes of the path. */
  readonly path: readonly (string | number)[];
}

export interface JsonReaderOptions {
  readonly maxDepth: number;
  /** The value of a number; a value that is not a `number` is checked against JSON's grammar. */
  numberOf(text: string, path: () => readonly (string | number)[]): unknown;
  /** Must throw. */
  refuse(fault: JsonFault): never;
}

type Container = unknown[] | Record<string, unknown>;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})?/g;
const LITERALS: readonly (readonly [text: string, value: unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const OPEN_OBJECT = 123;

/**
 * Reads a JSON text (RFC 8259). It reads each character a bounded number of times and keeps its own stack, so no text makes
 * it slow or ends the process: a level over the limit is refused where it opens.
 */
export function readJsonText(text: string, { maxDepth, numberOf, refuse }: JsonReaderOptions): unknown {
  const open: Container[] = [];
  /** The key under which each open object expects a value. */
  const keys: string[] = [];
  let at = 0;

  const path = (): (string | number)[] =>
    open.flatMap((container, level) => (Array.isArray(container) ? container.length : (keys[level] ?? [])));
  const fail = (problem: string, offset = at, reason: JsonFault['reason'] = 'syntax'): never =>
    refuse({ reason, problem, offset, path: path() });

  const skipBlanks = (): void => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      at += 1;
    }
  };

  const readText = (): string => {
    const start = at;
    let end = start + 1;
    let isPlain = true;
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(end)) {
      if (code === BACKSLASH) {
        isPlain = false;
        end += 2;
      } else if (code >= 32) end += 1;
      else if (end < text.length) fail('a control character in a text must be escaped', end);
      else fail('the text is not closed', start);
    }
    at = end + 1;
    if (isPlain) return text.slice(start + 1, end);
    try {
      return JSON.parse(text.slice(start, at)) as string;
    } catch {
      return fail('unknown escape', badEscape(text, start, end));
    }
  };

  const readKey = (): void => {
    skipBlanks();
    if (text.charCodeAt(at) !== QUOTE) fail(at < text.length ? 'expected a key in quotes' : 'it ends too early');
    const start = at;
    const key = readText();
    keys[open.length - 1] = key;
    if (Object.hasOwn(open.at(-1) as object, key)) fail('the key occurs twice', start, 'duplicate');
    skipBlanks();
    if (text.charCodeAt(at) !== COLON) fail(at < text.length ? 'expected ":"' : 'it ends too early');
    at += 1;
  };

  const readScalar = (code: number): unknown => {
    if (code === QUOTE) return readText();
    const start = at;
    while (isOfNumber(text.charCodeAt(at))) at += 1;
    if (at > start) {
      const written = text.slice(start, at);
      const value = numberOf(written, path);
      return typeof value === 'number' || NUMBER.test(written) ? value : fail('invalid number', start);
    }
    for (const [literal, value] of LITERALS) {
      if (!text.startsWith(literal, at)) continue;
      at += literal.length;
      return value;
    }
    return fail(at < text.length ? 'expected a value' : 'it ends too early');
  };

  for (;;) {
    skipBlanks();
    const code = text.charCodeAt(at);
    let value: unknown;
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (open.length >= maxDepth) fail(`nested deeper than ${maxDepth} levels`, at, 'depth');
      at += 1;
      skipBlanks();
      value = code === OPEN_OBJECT ? {} : [];
      if (text.charCodeAt(at) !== code + 2) {
        keys.length = open.length; // drop the keys of earlier objects
        open.push(value as Container);
        if (code === OPEN_OBJECT) readKey();
        continue;
      }
      at += 1;
    } else value = readScalar(code);

    // the value is complete: it is added to its container, which may be complete then too
    for (;;) {
      const container = open.at(-1);
      skipBlanks();
      if (container === undefined) return at < text.length ? fail('more follows after the document') : value;
      const isList = Array.isArray(container);
      if (isList) container.push(value);
      else setOwn(container, keys[open.length - 1] as string, value);
      const next = text.charCodeAt(at);
      if (next === COMMA) {
        at += 1;
        if (!isList) readKey();
        break;
      }
      if (next !== (isList ? OPEN_LIST : OPEN_OBJECT) + 2) {
        fail(at < text.length ? `expected "," or "${isList ? ']' : '}'}"` : 'it ends too early');
      }
      at += 1;
      open.pop();
      value = container;
    }
  }
}

export interface JsonScan {
  /** Whether no level over the limit opens. */
  readonly isShallow: boolean;
  /** Whether every number prints as it is written. */
  readonly isPlain: boolean;
  /** The number of keys of all objects. */
  readonly keys: number;
}

/** Scans a text once without building values. If the text is not valid JSON, only `isShallow` is meaningful. */
export function scanJsonText(text: string, maxDepth: number): JsonScan {
  let depth = 0;
  let keys = 0;
  let isPlain = true;
  const end = text.length;
  for (let at = 0; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at += 1;
      for (let inner = text.charCodeAt(at); inner !== QUOTE && at < end; inner = text.charCodeAt(at)) {
        at += inner === BACKSLASH ? 2 : 1;
      }
    } else if (code === COLON) keys += 1;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > maxDepth) return { isShallow: false, isPlain, keys };
    } else if (code === OPEN_LIST + 2 || code === OPEN_OBJECT + 2) depth -= 1;
    else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const start = at;
      while (isOfNumber(text.charCodeAt(at + 1))) at += 1;
      isPlain &&= printsAsWritten(text, start, at + 1);
    }
  }
  return { isShallow: true, isPlain, keys };
}

/** The most digits that a double always keeps. */
const SAFE_DIGITS = 15;

function printsAsWritten(text: string, start: number, end: number): boolean {
  let isWhole = end - start <= SAFE_DIGITS && text.charCodeAt(start) !== MINUS;
  for (let at = start; isWhole && at < end; at += 1)
    isWhole = text.charCodeAt(at) <= NINE && text.charCodeAt(at) >= ZERO;
  if (isWhole) return true;
  const written = text.slice(start, end);
  return String(Number(written)) === written;
}

/** Digits, signs, points and exponents. */
const isOfNumber = (code: number): boolean =>
  (code >= ZERO && code <= NINE) || code === MINUS || code === 46 || code === 101 || code === 69 || code === 43;

function badEscape(text: string, start: number, end: number): number {
  for (const { 0: found, index } of text.slice(start, end).matchAll(ESCAPE)) {
    if (found === '\\') return start + index;
  }
  return start;
}

/** Sets an own property for any key: plain assignment to `__proto__` would change the prototype instead. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

/** The line and column of a position in a text, both from 1. */
export function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < offset; next = text.indexOf('\n', start)) {
    line += 1;
    start = next + 1;
  }
  return { line, column: offset - start + 1 };
}
