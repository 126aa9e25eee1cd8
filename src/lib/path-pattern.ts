import { InvalidInputError } from './errors.js';
import type { PathStep } from './json-path.js';

/** One step of a pattern: a key that may contain `*`, any item of an array, or one exact step of a path. */
type Part = { readonly glob: string } | typeof ANY_ITEM | PathStep;
const ANY_ITEM = Symbol('[*]');

/** Matches paths: runs of consecutive steps, with any number of steps between two runs. */
export type PathPattern = readonly (readonly Part[])[];

const BRACKET = /\[(?:(\*)|(\d{1,15})|\?\(@\.(id|key|name)==("(?:[^"\\]|\\.)*")\)|("(?:[^"\\]|\\.)*"))\]/y;
const KEY = /[^.[\]"]+/y;

/**
 * Parses a pattern of paths: `tags.Name`, `tags.aws:*`, `tags.*` (any one key), `rules[*].port` (any item), `list[3]`,
 * `rules[?(@.id=="a")]`, `["a.b"]` (an exact key), `**.etag` (`**`: any number of steps, also none). It may begin with `$`,
 * the document itself, as paths do.
 * @param field names the pattern in errors
 * @throws InvalidInputError `DRIFT_PATTERN_INVALID` with the position
 */
export function parsePattern(text: string, field: string): PathPattern {
  const runs: Part[][] = [[]];
  let at = /^\$(?:[.[]|$)/.test(text) ? 1 : 0;
  if (text === '') throw invalid(text, field, at, 'there is no step');
  if (at > 0 && text[at] === '.') at = expectKey(text, field, at + 1);
  while (at < text.length) {
    const [part, end] = text[at] === '[' ? bracket(text, field, at) : key(text, field, at);
    if (part === '**') runs.push([]);
    else runs.at(-1)?.push(part);
    if (end < text.length && !'.['.includes(text.charAt(end))) throw invalid(text, field, end, 'a dot is missing');
    at = text[end] === '.' ? expectKey(text, field, end + 1) : end;
  }
  return runs;
}

/** After a dot, where a key is required. */
function expectKey(text: string, field: string, at: number): number {
  if (at === text.length || text[at] === '[') throw invalid(text, field, at, 'a key is missing after the dot');
  return at;
}

function bracket(text: string, field: string, at: number): [part: Part, end: number] {
  BRACKET.lastIndex = at;
  const [whole, any, index, name, id, quoted] = BRACKET.exec(text) ?? [];
  if (whole === undefined) throw invalid(text, field, at, 'these brackets are not a step');
  const end = at + whole.length;
  if (any !== undefined) return [ANY_ITEM, end];
  if (index !== undefined) return [Number(index), end];
  const value = unquoted(id ?? quoted ?? '');
  if (value === undefined) throw invalid(text, field, at, 'the text in quotes is not valid JSON');
  return [name === undefined ? value : { field: name, id: value }, end];
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function key(text: string, field: string, at: number): [part: Part | '**', end: number] {
  KEY.lastIndex = at;
  const [glob] = KEY.exec(text) ?? [];
  if (glob === undefined) throw invalid(text, field, at, 'a key is missing');
  if (glob !== '**' && glob.includes('**')) throw invalid(text, field, at, '** must be a step of its own');
  return [glob === '**' ? glob : { glob }, at + glob.length];
}

const invalid = (text: string, field: string, at: number, problem: string): InvalidInputError =>
  new InvalidInputError(
    'DRIFT_PATTERN_INVALID',
    `${field}: "${text}" is not a pattern, at character ${at + 1}: ${problem}`,
    {
      hint: 'Write it as tags.Name, tags.*, **.etag, rules[*].port, list[3] or ["a.b"].',
      details: { field, value: text, at: at + 1 },
    },
  );

/**
 * Whether a path, or one of its parents, matches. Each run takes its first match, without backtracking, so the time is at
 * most the length of the path for each step of the pattern.
 */
export function covers([first = [], ...rest]: PathPattern, path: readonly PathStep[]): boolean {
  if (!fits(first, path, 0)) return false;
  let from = first.length;
  for (const run of rest) {
    while (!fits(run, path, from)) {
      from += 1;
      if (from + run.length > path.length) return false;
    }
    from += run.length;
  }
  return true;
}

const fits = (run: readonly Part[], path: readonly PathStep[], from: number): boolean =>
  from + run.length <= path.length && run.every((part, index) => isMeant(part, path[from + index] as PathStep));

function isMeant(part: Part, step: PathStep): boolean {
  if (part === ANY_ITEM) return typeof step !== 'string';
  if (typeof part !== 'object') return part === step;
  if ('glob' in part) return typeof step === 'string' && matchesText(part.glob, step);
  return typeof step === 'object' && part.field === step.field && part.id === step.id;
}

/** Whether a text matches a pattern, in which `*` stands for any characters, also none. */
export function matchesText(pattern: string, text: string): boolean {
  const [start = '', ...rest] = pattern.split('*');
  const end = rest.pop();
  if (end === undefined) return pattern === text;
  if (!text.startsWith(start)) return false;
  let from = start.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from + end.length <= text.length && text.endsWith(end);
}
