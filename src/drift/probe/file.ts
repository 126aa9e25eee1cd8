import type { Stats } from 'node:fs';
import { equalJson, isNumber, type Json, type JsonObject } from '../../lib/json.js';
import { type Content, contentAs, digestAs, readContent, tooLong } from './content.js';
import { ownerAs, readNames } from './owners.js';
import { type AllowedPaths, type Place, unreadable } from './paths.js';

/** 1 GiB. */
const MAX_FILE = 1024 * 1024 * 1024;

/** Probes a file; returns its actual properties, null if it does not exist. */
export type FileProbe = (expected: JsonObject, signal: AbortSignal) => Promise<JsonObject | null>;

/**
 * Properties: `path`, and any of `exists`, `kind`, `mode`, `owner`, `group`, `size`, `sha256`, `target`, `content`. Only
 * expected properties are returned, in the expected spelling if they are equal, so that unmanaged properties do not show as
 * drift. Other properties belong to the user and stay unchanged. All are those of a symbolic link itself. For an unexpected
 * link, `kind` and `target` are returned too, because everything else may look as expected.
 * The names of users and groups are read once.
 * @param recordContent returns differing content itself, instead of its digest and length
 */
export function fileProbe(allowed: AllowedPaths, recordContent: boolean): FileProbe {
  const users = once(() => readNames('/etc/passwd'));
  const groups = once(() => readNames('/etc/group'));

  async function actualOf(expected: JsonObject, place: Place, signal: AbortSignal): Promise<JsonObject> {
    const { stat, target } = place;
    const content = once(() => readFile(place, signal));
    const read: Readers = {
      exists: () => true,
      kind: () => kindOf(stat),
      mode: (mode) => modeAs(mode, stat.mode & 0o7777),
      owner: async (owner) => ownerAs(owner, stat.uid, await users()),
      group: async (group) => ownerAs(group, stat.gid, await groups()),
      size: (size) => (stat.isFile() ? (equalJson(size, stat.size) ? size : stat.size) : null),
      sha256: async (digest) => (stat.isFile() ? digestAs(digest, (await content()).sha256) : null),
      target: () => target ?? null,
      content: async (text) => (stat.isFile() ? contentAs(text, await content(), recordContent) : null),
    };
    const actual: Record<string, Json> = { ...expected };
    for (const [property, value] of Object.entries(expected)) {
      if (Object.hasOwn(read, property)) actual[property] = (await read[property]?.(value)) ?? null;
    }
    const isExpectedLink = expected.kind === 'symlink' || Object.hasOwn(expected, 'target');
    return target === undefined || isExpectedLink ? actual : { ...actual, kind: 'symlink', target };
  }

  return async (expected, signal) => {
    const { path } = expected;
    if (typeof path !== 'string' || path === '') throw new Error('"path" must be a text that names a file');
    const actual = await allowed.look(path, (place) => actualOf(expected, place, signal));
    return actual ?? (expected.exists === false ? expected : null);
  };
}

/** By property: its actual value, for the expected one. */
type Readers = Readonly<Record<string, (expected: Json) => Json | Promise<Json>>>;

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => (reading ??= read());
}

function kindOf(stat: Stats): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'symlink' : 'other';
}

/**
 * `"0644"`, `"644"`, `"0o644"` and the number 420 are the same mode. It is returned in the expected form, else as four
 * digits.
 */
function modeAs(expected: Json, mode: number): Json {
  if (isNumber(expected)) return equalJson(expected, mode) ? expected : mode;
  const [, prefix = '', digits = '0000'] = /^(0o)?([0-7]{3,4})$/.exec(String(expected)) ?? [];
  return prefix + mode.toString(8).padStart(digits.length, '0');
}

async function readFile(place: Place, signal: AbortSignal): Promise<Content> {
  if (place.stat.size > MAX_FILE) throw tooLong(MAX_FILE);
  const file = await place.open().catch((error) => Promise.reject(unreadable(error)));
  try {
    return await readContent(chunksOf(file.createReadStream({ autoClose: false }), signal), MAX_FILE);
  } finally {
    await file.close();
  }
}

async function* chunksOf(stream: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) {
      signal.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    throw unreadable(error);
  }
}
