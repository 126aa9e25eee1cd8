import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GENESIS_HASH, hashEvent, type StoredEvent } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';

type Line = Record<string, string | number>;

/** An exported log with texts replaced in its documents and its hashes made right again: what a stranger could hand over. */
async function forged(change: (text: string) => string): Promise<string> {
  const cli = commandLine();
  await cli.text('stack', 'new', 'NAME', '-m', 'REASON');
  await cli.text('stack', 'resource', 'set', 'NAME', 'a.b', '-p', 'size=12345678901234567890', '-p', 'same=1');
  await cli.text('stack', 'resource', 'set', 'NAME', 'a.b', '-p', 'other=2');
  const file = join(scratchFolder(), 'log.jsonl');
  await cli.text('audit', 'export', file);
  const [header, ...events] = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  let hash = GENESIS_HASH;
  for (const event of events) {
    event.data = change(String(event.data));
    event.meta = change(String(event.meta));
    const { schema_version: schemaVersion, recorded_at: recordedAt, command_id: commandId } = event;
    hash = hashEvent(hash, { ...event, schemaVersion, recordedAt, commandId } as unknown as StoredEvent);
    event.hash = hash;
  }
  writeFileSync(file, [{ ...header, head: hash }, ...events].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

describe('a log from an untrusted source', () => {
  it.each([
    ['name', 'NAME'],
    ['reason', 'REASON'],
  ])('with a %s of a megabyte is refused, with the place', async (field, text) => {
    const file = await forged((json) => json.replaceAll(text, 'x'.repeat(1_000_000)));
    const { code, stderr } = await commandLine().run(['audit', 'import', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`log\\.jsonl line 2: (data|meta)\\.${field}: must not be longer than 65536 bytes`),
    );
    expect(stderr.length).toBeLessThan(1_000);
  });

  it('with control and invisible characters in every text is escaped in output', async () => {
    const file = await forged((json) =>
      json
        .replace('"command":"create"', '"command":"cr\\u001b[2J\u200beate"')
        .replaceAll('REASON', 'a\\u001b]0;x\\u0007\u202eb')
        .replaceAll('NAME', 'na\u200bme'),
    );
    const cli = commandLine();
    await cli.text('audit', 'import', file);
    const shown = await Promise.all([
      cli.text('stack', 'state', 'list'),
      cli.text('audit', 'log'),
      cli.text('stack', 'state', 'versions', 'na\u200bme'),
      cli.text('stack', 'state', 'activity', 'na\u200bme'),
      cli.text('stack', 'state', 'lock-info', 'na\u200bme'),
      cli.text('audit', 'log', '--output', 'json'),
      cli.text('stack', 'state', 'show', 'na\u200bme', '--output', 'json'),
    ]);
    for (const text of shown) expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(shown[0]).toContain('na\\u200bme');
  });

  it('with a number of a million digits, as old releases stored it, is kept, compared and given back', async () => {
    const digits = '7'.repeat(1_000_000);
    const file = await forged((json) => json.replaceAll('12345678901234567890', `${digits}e-${digits}`));
    const cli = commandLine();
    await cli.text('audit', 'import', file);
    const again = join(scratchFolder(), 'again.jsonl');
    await cli.text('audit', 'export', again);
    const lines = (path: string) => readFileSync(path, 'utf8').split('\n').slice(1);
    expect(lines(again)).toEqual(lines(file));
    expect((await cli.run(['audit', 'verify'])).code).toBe(0);
    expect(await cli.text('stack', 'state', 'diff', 'NAME', '--from', '2', '--to', '3')).toContain(
      'properties.other: 2',
    );
    expect(await cli.text('stack', 'resource', 'set', 'NAME', 'a.b', '-p', 'same=3')).toContain('same: 1 → 3');
    await cli.text('stack', 'state', 'rollback', 'NAME', '--version', '2');
    const refused = await cli.run(['stack', 'resource', 'set', 'NAME', 'a.b', '-p', 'size=1e1000000']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('exponent of more than 6 digits at $') });
  });
});

describe.each([
  ['a zero-width space', 'pro\u200bd', 'pro\\u200bd'],
  ['an empty Braille pattern', 'prod\u2800', 'prod\\u2800'],
  ['a no-break space', 'pro\u00a0d', 'pro\u00a0d'],
  ['an ideographic space', 'pro\u3000d', 'pro\u3000d'],
])('a stack whose name has %s', (_, HIDDEN, shown) => {
  it('no stack, tag, token or actor can get such a name', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'prod');
    const desired = join(scratchFolder(), 'desired.json');
    writeFileSync(desired, '{"resources": []}');
    for (const [field, ...words] of [
      ['name', 'stack', 'new', HIDDEN],
      ['tags', 'stack', 'state', 'tags', 'add', 'prod', HIDDEN],
      ['name', 'token', 'create', HIDDEN, '--role', 'read', '--tokens', join(scratchFolder(), 'tokens')],
      ['--actor', 'stack', 'update', 'prod', '--description', 'x', '--actor', HIDDEN],
      [
        'stack',
        'stack',
        'import',
        HIDDEN,
        new URL('../fixtures/terraform/web-v1.tfstate', import.meta.url).pathname,
        '--from',
        'terraform',
      ],
    ] as const) {
      const { code, stdout } = await cli.run([...words, '--output', 'json']);
      expect({ words, code, stdout }).toMatchObject({ code: 2 });
      const { error } = JSON.parse(stdout);
      expect(error.message).toMatch(new RegExp(`^${field}: must not hold invisible characters`));
      expect(error.hint).not.toBe('');
    }
    expect((await cli.json('audit', 'head')).position).toBe(1);
  });

  it('an existing one can be used and renamed', async () => {
    const file = await forged((json) => json.replaceAll('NAME', HIDDEN));
    const cli = commandLine();
    await cli.text('audit', 'import', file);
    await cli.text('stack', 'update', HIDDEN, '--description', 'x');
    await cli.text('stack', 'resource', 'set', HIDDEN, 'a.c\u200b', '-p', 'x=1');
    expect(await cli.text('stack', 'delete', HIDDEN, '--yes')).toContain(`Deleted ${shown}.`);
    await cli.text('stack', 'restore', HIDDEN);
  });
});
