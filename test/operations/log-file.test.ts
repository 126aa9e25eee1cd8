import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { GENESIS_HASH, hashEvent, type StoredEvent } from '../../src/events/index.js';
import { MAX_LINE } from '../../src/operations/audit/lines.js';
import { exportLog, exportLogFile, importLogFile } from '../../src/operations/audit/log-file.js';
import type { EventStore } from '../../src/store/event-store.js';
import { LIFE, live, requestOf } from '../contracts/life.js';
import { scratchFolder } from '../support/folder.js';
import { reads } from '../support/reads.js';
import { KINDS } from '../support/stores.js';
import { tamper } from '../support/tamper.js';
import { world } from '../support/world.js';

const NOW = '2026-02-03T04:05:06.789Z';

const opened = async (kind?: string): Promise<EventStore> => (await world(kind)).store;

/** A store with every type of event. */
async function lived(location?: string): Promise<EventStore> {
  const { store, clock } = await world(location);
  await live(store, clock);
  return store;
}

const sent = (command: Command) => requestOf({ command, envelope: {}, wait: 0, refused: undefined });

const logOf = (store: EventStore): Promise<readonly StoredEvent[]> => store.events({ limit: 1_000_000 });

async function exported(store: EventStore): Promise<string> {
  let text = '';
  await exportLog(store, (piece) => void (text += piece), NOW);
  return text;
}

interface FileLine extends Record<string, unknown> {
  data: string;
  meta: string;
  type: string;
}

/** The text of a log file with these lines as its events and recomputed hashes: a forgery. */
function forged(lines: readonly FileLine[]): string {
  let hash = GENESIS_HASH;
  const events = lines.map((line) => {
    const { schema_version: schemaVersion, recorded_at: recordedAt, command_id: commandId, ...same } = line;
    hash = hashEvent(hash, { ...same, schemaVersion, recordedAt, commandId } as unknown as StoredEvent);
    return JSON.stringify({ ...line, hash });
  });
  const header = { format: 'sloth-runner-log', version: 1, events: lines.length, head: hash, exported_at: NOW };
  return `${[JSON.stringify(header), ...events].join('\n')}\n`;
}

const linesIn = (text: string): FileLine[] =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));

function fileOf(content: string | Uint8Array): string {
  const file = join(scratchFolder(), 'log.jsonl');
  writeFileSync(file, content);
  return file;
}

describe('an exported log', () => {
  test.each(KINDS)('produces an equal store in %s, and the same file again', async (location) => {
    const store = await lived();
    const text = await exported(store);
    const other = await opened(location);
    const head = await importLogFile(other, fileOf(text));
    expect(head).toEqual(await store.head());
    expect(await logOf(other)).toEqual(await logOf(store));
    expect((await other.compareTables({})).problems).toEqual([]);
    expect(await reads(other).stacks({ deleted: true })).toEqual(await reads(store).stacks({ deleted: true }));
    expect(await exported(other)).toBe(text);
  });

  test('remains usable: commands follow, and a repeated command is recognised', async () => {
    const store = await lived();
    const other = await opened();
    await importLogFile(other, fileOf(await exported(store)));
    const first = LIFE.find(({ envelope }) => envelope.commandId === 'first') as (typeof LIFE)[number];
    expect(await other.append(requestOf(first))).toEqual(await store.append(requestOf(first)));
    expect((await other.head()).position).toBe((await store.head()).position);
    const more = await other.append(sent({ type: 'addTags', stack: 'import-id', tags: ['new'] }));
    expect(more.firstPosition).toBe((await store.head()).position + 1);
  });

  test('without events produces an empty store', async () => {
    const text = await exported(await opened());
    expect(JSON.parse(text)).toEqual({
      format: 'sloth-runner-log',
      version: 1,
      events: 0,
      head: GENESIS_HASH,
      exported_at: NOW,
    });
    expect(await importLogFile(await opened(), fileOf(text))).toMatchObject({ position: 0, hash: GENESIS_HASH });
  });

  test('has the columns of the events table, with documents as the text that was hashed', async () => {
    const store = await lived();
    const [, line = ''] = (await exported(store)).split('\n');
    const [event] = (await logOf(store)) as [StoredEvent];
    expect(Object.keys(JSON.parse(line))).toEqual(
      'position stream revision version type schema_version data meta recorded_at command_id hash'.split(' '),
    );
    expect(JSON.parse(line).data).toBe(event.data);
    expect(event.data).toContain('12345678901234567890');
    expect(event.data).toContain('\\ud800');
  });

  test('ends at the head at its start, whatever is appended meanwhile', async () => {
    const store = await lived();
    const before = await store.head();
    const busy: EventStore = {
      ...store,
      page: async (filter) => {
        await store.append(sent({ type: 'addTags', stack: 'import-id', tags: ['meanwhile'] }));
        return store.page(filter);
      },
    };
    const text = await exported(busy);
    expect((await store.head()).position).toBeGreaterThan(before.position);
    expect(linesIn(text)).toHaveLength(before.position);
    expect(await importLogFile(await opened(), fileOf(text))).toEqual(before);
  });

  test('waits for its consumer', async () => {
    const store = await opened();
    for (const name of ['a', 'b', 'c'])
      await store.append(sent({ type: 'createStack', name, metadata: 'x'.repeat(2e6) }));
    let taking = 0;
    let pieces = 0;
    await exportLog(
      store,
      async () => {
        expect(++taking).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        taking--;
        pieces++;
      },
      NOW,
    );
    expect(pieces).toBeGreaterThan(2);
  });

  test('keeps text that crosses the chunks in which a file is read', async () => {
    const store = await opened();
    const text = '😀é\u2028"\\'.repeat(400_000);
    await store.append(sent({ type: 'createStack', name: 's', configuration: { text } }));
    const other = await opened();
    expect(await importLogFile(other, fileOf(await exported(store)))).toEqual(await store.head());
    expect((await reads(other).document(1)).document.configuration).toEqual({ text });
  });

  test('keeps events of unknown types', async () => {
    const lines = linesIn(await exported(await lived()));
    const last = lines.at(-1) as FileLine;
    const newer = forged([
      ...lines,
      {
        ...last,
        position: lines.length + 1,
        revision: (last.revision as number) + 1,
        type: 'SomethingNew',
        schema_version: 7,
        data: '{"a":1.0}',
        command_id: 'newer',
        meta: JSON.stringify({ ...JSON.parse(last.meta), session: 'a field of a later release' }),
      },
    ]);
    const other = await opened();
    await importLogFile(other, fileOf(newer));
    expect((await logOf(other)).at(-1)).toMatchObject({ type: 'SomethingNew', schemaVersion: 7, data: '{"a":1.0}' });
    expect(linesIn(await exported(other))).toEqual(linesIn(newer));
  });
});

/** Each makes an invalid file from the text of a valid one. */
const DAMAGE: readonly [what: string, code: string, says: RegExp, damage: (text: string) => string | Uint8Array][] = [
  ['nothing', 'INVALID_LOG_FILE', /line 1: the file is empty/, () => ''],
  ['an empty line', 'INVALID_LOG_FILE', /line 1: no JSON/, () => '\n'],
  ['no header', 'INVALID_LOG_FILE', /line 1: format/, (text) => text.slice(text.indexOf('\n') + 1)],
  ['another format', 'INVALID_LOG_FILE', /line 1: format/, (text) => text.replace('sloth-runner-log', 'other')],
  [
    'a newer format',
    'INVALID_LOG_FILE',
    /line 1: version: .* version 1 .* not 2/,
    (text) => text.replace('"version":1', '"version":2'),
  ],
  ['a byte order mark', 'INVALID_LOG_FILE', /line 1: no JSON/, (text) => `\ufeff${text}`],
  ['no UTF-8', 'INVALID_LOG_FILE', /line 3: not valid UTF-8/, (text) => withBytes(text, 3, Buffer.from([0x22, 0xff]))],
  ['a line that is no JSON', 'INVALID_LOG_FILE', /line 4: no JSON/, (text) => withLine(text, 4, 'x')],
  ['an empty line in the middle', 'INVALID_LOG_FILE', /line 4: no JSON/, (text) => withLine(text, 4, '')],
  ['a list for a line', 'INVALID_LOG_FILE', /line 4: /, (text) => withLine(text, 4, '[]')],
  [
    'a field too few',
    'INVALID_LOG_FILE',
    /line 2: command_id: /,
    (text) => edited(text, 2, ({ command_id: _, ...rest }) => rest),
  ],
  [
    'a field too many',
    'INVALID_LOG_FILE',
    /line 2: .*"note"/,
    (text) => edited(text, 2, (line) => ({ ...line, note: 1 })),
  ],
  [
    'a position in letters',
    'INVALID_LOG_FILE',
    /line 2: position: /,
    (text) => edited(text, 2, (line) => ({ ...line, position: '1' })),
  ],
  [
    'a position that is no whole number',
    'INVALID_LOG_FILE',
    /line 2: position: /,
    (text) => edited(text, 2, (line) => ({ ...line, position: 1.5 })),
  ],
  [
    'a hash in capitals',
    'INVALID_LOG_FILE',
    /line 2: hash: must be 64/,
    (text) => edited(text, 2, (line) => ({ ...line, hash: String(line.hash).toUpperCase() })),
  ],
  [
    'a time in another zone',
    'INVALID_LOG_FILE',
    /line 2: recorded_at: /,
    (text) => edited(text, 2, (line) => ({ ...line, recorded_at: '2026-01-01T00:00:00.000+01:00' })),
  ],
  [
    'a document that is no text',
    'INVALID_LOG_FILE',
    /line 2: data: /,
    (text) => edited(text, 2, (line) => ({ ...line, data: {} })),
  ],
  [
    'half a surrogate pair outside of an escape',
    'INVALID_LOG_FILE',
    /line 2: data: .*Unicode/,
    (text) => edited(text, 2, (line) => ({ ...line, data: '{"a":"\ud800"}' })),
  ],
  [
    'a changed value',
    'LOG_BROKEN',
    /event 1: hash/,
    (text) => text.replace('12345678901234567890', '12345678901234567891'),
  ],
  ['an event too few', 'LOG_BROKEN', /event 3: position is 3, must be 2/, (text) => withoutLine(text, 3)],
  [
    'two events in the wrong order',
    'LOG_BROKEN',
    /event 3: position/,
    (text) => withLine(withLine(text, 3, lineAt(text, 4)), 4, lineAt(text, 3)),
  ],
  [
    'its end cut off',
    'LOG_TRUNCATED',
    /ends at position/,
    (text) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`,
  ],
  ['its last line cut off half-way', 'INVALID_LOG_FILE', /no JSON/, (text) => text.slice(0, -20)],
  [
    'another head',
    'LOG_TRUNCATED',
    /ends at position/,
    (text) =>
      text
        .replace(/"head":"."/, '"head":"')
        .replace(/"head":"(.)/, (_, digit) => `"head":"${digit === '0' ? '1' : '0'}`),
  ],
  [
    'more events than it says',
    'LOG_TRUNCATED',
    /ends at position/,
    (text) => text.replace(/"events":(\d+)/, (_, n) => `"events":${n - 1}`),
  ],
  [
    'forged: data that is no JSON',
    'INVALID_LOG_FILE',
    /line 2: data: not valid JSON/,
    (text) => forgedAt(text, 0, { data: '{' }),
  ],
  [
    'forged: a key twice',
    'INVALID_LOG_FILE',
    /line 2: data: the key occurs twice/,
    (text) => forgedAt(text, 0, { data: '{"a":1,"a":2}' }),
  ],
  [
    'forged: data of another shape',
    'INVALID_LOG_FILE',
    /line 2: data\.name: /,
    (text) => forgedAt(text, 0, { data: '{}' }),
  ],
  [
    'forged: a field that its type has not',
    'INVALID_LOG_FILE',
    /line 2: data: .*"extra"/,
    (text) => forgedAt(text, 0, { data: withExtra(text) }),
  ],
  [
    'forged: meta of another shape',
    'INVALID_LOG_FILE',
    /line 2: meta\.actor: /,
    (text) => forgedAt(text, 0, { meta: '{}' }),
  ],
  [
    'forged: a line feed in a document',
    'LOG_BROKEN',
    /event 1: text is a line feed/,
    (text) => forgedAt(text, 0, { data: linesIn(text)[0]?.data.replace('{', '{\n') }),
  ],
  [
    'forged: a stack without beginning',
    'LOG_BROKEN',
    /StackCreated/,
    (text) => forgedAt(text, 0, { type: 'TagAdded', data: '{"tag":"t"}' }),
  ],
  [
    'forged: a revision left out',
    'LOG_BROKEN',
    /event 2: revision is 3, must be 1/,
    (text) => forgedAt(text, 1, { revision: 3 }),
  ],
  [
    'forged: a version left out',
    'LOG_BROKEN',
    /event 2: version is 3, must be 1/,
    (text) => forgedAt(text, 1, { version: 3 }),
  ],
];

const lineAt = (text: string, number: number): string => text.split('\n')[number - 1] as string;
const withLine = (text: string, number: number, line: string): string =>
  text
    .split('\n')
    .with(number - 1, line)
    .join('\n');
const withoutLine = (text: string, number: number): string =>
  text
    .split('\n')
    .toSpliced(number - 1, 1)
    .join('\n');
const edited = (text: string, number: number, edit: (line: FileLine) => object): string =>
  withLine(text, number, JSON.stringify(edit(JSON.parse(lineAt(text, number)))));
const forgedAt = (text: string, index: number, change: object): string =>
  forged(linesIn(text).map((line, at) => (at === index ? { ...line, ...change } : line)));
const withExtra = (text: string): string => `{"extra":1,${(linesIn(text)[0] as FileLine).data.slice(1)}`;
function withBytes(text: string, number: number, bytes: Uint8Array): Uint8Array {
  const lines = text.split('\n');
  const before = Buffer.from(`${lines.slice(0, number - 1).join('\n')}\n`);
  return Buffer.concat([before, bytes, Buffer.from(`\n${lines.slice(number).join('\n')}`)]);
}

describe('an invalid file is refused', () => {
  test.each(DAMAGE)('%s', async (_, code, says, damage) => {
    const text = await exported(await lived());
    const damaged = damage(text);
    expect(Buffer.from(damaged).equals(Buffer.from(text))).toBe(false);
    const store = await opened();
    const file = fileOf(damaged);
    const refused = await importLogFile(store, file, { name: 'the file' }).catch((error) => error);
    expect(refused).toMatchObject({ code, exitCode: code === 'INVALID_LOG_FILE' ? 2 : 7 });
    expect(refused.message).toMatch(says);
    expect(refused.message).not.toContain(file);
    expect(refused.hint).toBeTruthy();
    expect((await store.head()).position).toBe(0);
    await importLogFile(store, fileOf(text)); // the valid one is still accepted
    expect((await store.compareTables({})).problems).toEqual([]);
  });

  test('also for a store with events', async () => {
    const store = await lived();
    const head = await store.head();
    await expect(importLogFile(store, fileOf(await exported(store)))).rejects.toMatchObject({
      code: 'LOG_NOT_EMPTY',
      exitCode: 5,
    });
    expect(await store.head()).toEqual(head);
  });

  test.each([
    ['a folder', scratchFolder],
    ['a file that is not there', () => '/nowhere/log.jsonl'],
  ])('also %s', async (_, path) => {
    await expect(importLogFile(await opened(), path())).rejects.toMatchObject({ code: 'CANNOT_READ', exitCode: 2 });
  });

  test('also a line without end', async () => {
    const file = join(scratchFolder(), 'endless');
    spawnSync('truncate', ['-s', String(MAX_LINE + 10_000_000), file]);
    await expect(importLogFile(await opened(), file)).rejects.toMatchObject({
      code: 'INVALID_LOG_FILE',
      message: expect.stringContaining('line 1: longer than'),
    });
  });
});

describe('the exported file', () => {
  const setUp = async () => {
    const folder = scratchFolder();
    return { folder, file: join(folder, 'log.jsonl'), store: await lived(join(folder, 'stacks.db')) };
  };
  const others = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith('stacks.db'));

  test('is private, and the only one left', async () => {
    const { folder, file, store } = await setUp();
    await exportLogFile(store, file, NOW);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe(await exported(store));
    expect(others(folder)).toEqual(['log.jsonl']);
  });

  test('is not replaced, except on request; then a link to it stays', async () => {
    const { folder, file, store } = await setUp();
    writeFileSync(join(folder, 'old'), 'old');
    symlinkSync('old', file);
    await expect(exportLogFile(store, file, NOW)).rejects.toMatchObject({ code: 'TARGET_EXISTS', exitCode: 5 });
    expect(readFileSync(file, 'utf8')).toBe('old');
    await exportLogFile(store, file, NOW, { overwrite: true });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'old'), 'utf8')).toBe(await exported(store));
    expect(others(folder)).toEqual(['log.jsonl', 'old']);
  });

  test('is never the database, a folder, a device, or in a missing folder', async () => {
    const { folder, store } = await setUp();
    mkdirSync(join(folder, 'sub'));
    symlinkSync('stacks.db', join(folder, 'link'));
    for (const [name, code] of [
      ['stacks.db', 'TARGET_IS_DATABASE'],
      ['stacks.db-wal', 'TARGET_IS_DATABASE'],
      ['link', 'TARGET_IS_DATABASE'],
      ['sub', 'NOT_A_FILE'],
      ['none/log', 'NO_SUCH_FOLDER'],
    ] as const) {
      const target = exportLogFile(store, join(folder, name), NOW, { overwrite: true });
      await expect(target, name).rejects.toMatchObject({ code, exitCode: 2 });
    }
    await expect(exportLogFile(store, join(folder, 'link', 'log'), NOW)).rejects.toMatchObject({
      code: 'CANNOT_WRITE',
    });
    for (const path of ['/dev/null', '']) {
      await expect(exportLogFile(store, path, NOW, { overwrite: true })).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    }
    expect((await store.head()).position).toBeGreaterThan(0);
    expect(others(folder)).toEqual(['link', 'sub']);
  });

  test('does not exist if the log is invalid, and an existing one stays', async () => {
    const { folder, file, store } = await setUp();
    tamper(join(folder, 'stacks.db'), "UPDATE events SET meta = replace(meta, 'test', 'tess') WHERE position = 30");
    const error = { code: 'LOG_BROKEN', exitCode: 7, message: expect.stringContaining('event 30') };
    await expect(exportLogFile(store, file, NOW)).rejects.toMatchObject(error);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, 'old');
    await expect(exportLogFile(store, file, NOW, { overwrite: true })).rejects.toMatchObject(error);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(others(folder)).toEqual(['log.jsonl']);
  });
});

describe('the program in docs/log-format.md', () => {
  const page = readFileSync(new URL('../../docs/log-format.md', import.meta.url), 'utf8');
  const program = /```python\n([^`]*)```/.exec(page)?.[1] as string;
  const verify = (log: string | Uint8Array) =>
    spawnSync('python3', ['-c', program, fileOf(log)], { encoding: 'utf8', env: { PATH: process.env.PATH } });

  test('verifies an export', async () => {
    const store = await lived();
    const { stdout, stderr, status } = verify(await exported(store));
    const { position, hash } = await store.head();
    expect({ stdout, stderr, status }).toEqual({ stdout: `${position} events, head ${hash}\n`, stderr: '', status: 0 });
    expect(verify(await exported(await opened())).stdout).toBe(`0 events, head ${GENESIS_HASH}\n`);
  });

  // Errors that only violate the schema of a line or a document are left to the importer.
  const found = DAMAGE.filter(([what, code]) => code !== 'INVALID_LOG_FILE' && !what.startsWith('forged'));
  test.each(found)('finds %s', async (_what, _code, _says, damage) => {
    const { status, stdout, stderr } = verify(damage(await exported(await lived())));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/AssertionError: (event \d+ was changed|events are missing)/);
  });
});
