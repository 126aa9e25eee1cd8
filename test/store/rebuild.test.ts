import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { TABLE_NAMES } from '../../src/store/tables.js';
import { scratchFolder } from '../support/folder.js';

const script = (name: string): string => new URL(`../support/${name}`, import.meta.url).pathname;

/** A database with a stack `shared` of some resources, each changed several times, and something of every other kind. */
async function filled(resources: number, rounds: number): Promise<string> {
  const path = join(scratchFolder(), 'stacks.db');
  await using backend = await StateBackend.open(path, { actor: 'a' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'shared' });
  for (let round = 0; round < rounds; round++) {
    await manager.apply({
      stack: 'shared',
      resources: Array.from({ length: resources }, (_, index) => ({
        type: 'item',
        name: `i${index}`,
        properties: { round },
        dependencies: index === 0 ? [] : [`item.i${(round * 7) % index}`],
      })),
      outputs: [{ name: 'round', value: round }],
    });
  }
  await backend.addTag('shared', 'prod');
  await backend.detectDrift('shared', 'item.i1', { a: 1 }, { a: 2 });
  await backend.createSnapshot('shared');
  await manager.createStack({ name: 'gone' });
  await manager.deleteStack('gone');
  await manager.createStack({ name: 'gone' });
  await backend.lockState('gone', { operation: 'o' });
  return path;
}

function dump(path: string): Record<string, unknown[]> {
  const db = new Database(path, { readonly: true });
  try {
    return Object.fromEntries(
      ['events', ...TABLE_NAMES, 'projection_checkpoints'].map((table) => [
        table,
        sorted(db.prepare(`SELECT * FROM ${table}`).all()),
      ]),
    );
  } finally {
    db.close();
  }
}

const sorted = (rows: unknown[]): unknown[] => rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const lines = (child: ChildProcess): (() => Promise<string>) => {
  let text = '';
  const waiting: (() => void)[] = [];
  child.stdout?.on('data', (data: Buffer) => {
    text += data.toString();
    for (const wake of waiting.splice(0)) wake();
  });
  child.on('close', () => {
    for (const wake of waiting.splice(0)) wake();
  });
  return async () => {
    while (!text.includes('\n')) {
      if (child.exitCode !== null || child.signalCode !== null) return text;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    const end = text.indexOf('\n');
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return line;
  };
};

const closed = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) =>
    child.exitCode === null ? child.on('close', (code) => resolve(code)) : resolve(child.exitCode),
  );

describe('a rebuild', () => {
  test('gives the same tables, again and again, and a schema that holds', async () => {
    const path = await filled(30, 5);
    const before = dump(path);
    for (let time = 0; time < 3; time++) {
      await using backend = await StateBackend.open(path);
      const rebuilt = await backend.getAdmin().rebuild();
      expect(rebuilt.events).toBe(before.events?.length);
      expect(await backend.getAdmin().verify()).toMatchObject({ holds: true, problems: [] });
      await backend.addTag('shared', `t${time}`);
      await backend.removeTag('shared', `t${time}`);
      before.events = dump(path).events as unknown[];
    }
    const { events: _, projection_checkpoints: __, stack_rows: ___, commit_rows: ____, ...rest } = dump(path);
    expect(before).toMatchObject(rest);
  });

  test('fixes tables that were tampered with, and only the requested ones', async () => {
    const path = await filled(10, 2);
    const before = dump(path);
    const attacker = new Database(path);
    attacker.exec(
      "UPDATE tag_rows SET tag = 'staging'; DELETE FROM resource_history WHERE version = 2; UPDATE stack_rows SET name = 'x' WHERE stream = 1",
    );
    attacker.close();
    await using backend = await StateBackend.open(path);
    expect((await backend.getAdmin().verify()).holds).toBe(false);
    await backend.getAdmin().rebuild({ names: ['tags', 'resources'] });
    const half = dump(path);
    expect(half.tag_rows).toEqual(before.tag_rows);
    expect(half.resource_history).toEqual(before.resource_history);
    expect(half.stack_rows).not.toEqual(before.stack_rows);
    await backend.getAdmin().rebuild();
    expect(dump(path)).toEqual(before);
  });

  test('refuses an unknown projection, and changes nothing', async () => {
    const path = await filled(3, 1);
    const before = dump(path);
    await using backend = await StateBackend.open(path);
    await expect(backend.getAdmin().rebuild({ names: ['tags', 'taggs'] })).rejects.toMatchObject({
      code: 'PROJECTION_NOT_FOUND',
      hint: expect.stringContaining('tags'),
    });
    expect(dump(path)).toEqual(before);
  });

  test('resumes after it was killed', async () => {
    const path = await filled(800, 20);
    const before = dump(path);
    const child = spawn(process.execPath, [script('rebuilder.mjs'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await lines(child)()).toBe('under way');
    child.kill('SIGKILL');
    await closed(child);
    expect(dump(path)).toEqual(before);
    await using backend = await StateBackend.open(path);
    const [status] = await backend.getAdmin().projections();
    expect(status?.rebuilding).toBeGreaterThan(0);
    expect(await backend.getAdmin().verify()).toMatchObject({ holds: true });
    const { events } = await backend.getAdmin().rebuild();
    expect(events).toBe((before.events as unknown[]).length - (status?.rebuilding as number));
    expect(dump(path)).toEqual(before);
    expect((await backend.getAdmin().projections()).every(({ rebuilding }) => rebuilding === null)).toBe(true);
  });

  test('shows other processes whole states only, and loses none of their writes', async () => {
    const path = await filled(500, 20);
    const poller = spawn(process.execPath, [script('poller.mjs'), path, '500'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const nextLine = lines(poller);
    expect(await nextLine()).toBe('looking');
    const writer = spawn(process.execPath, [script('writer.mjs'), path, '1', '400'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = '';
    writer.stdout.on('data', (data: Buffer) => (written += data.toString()));
    const end = closed(writer);
    let ended = false;
    void end.then(() => (ended = true));
    await using backend = await StateBackend.open(path);
    for (let rebuilds = 0; !ended || rebuilds < 2; rebuilds++) await backend.getAdmin().rebuild();
    expect(await end).toBe(0);
    poller.stdin.end('stop');
    const { inconsistent } = JSON.parse(await nextLine());
    expect(inconsistent).toEqual([]);
    const hashes = new Map(
      (dump(path).events as { position: number; hash: string }[]).map((one) => [one.position, one.hash]),
    );
    const acknowledged = written.split('\n').filter(Boolean);
    expect(acknowledged).toHaveLength(399);
    for (const line of acknowledged) {
      const [position, hash] = line.split(' ');
      expect(hashes.get(Number(position))).toBe(hash);
    }
    expect(await backend.getAdmin().verify()).toMatchObject({ holds: true, problems: [] });
  });

  test('called twice concurrently shares the work; one of other tables replaces the first', async () => {
    const path = await filled(800, 10);
    await using one = await StateBackend.open(path);
    await using two = await StateBackend.open(path);
    const before = dump(path);
    await Promise.all([one.getAdmin().rebuild(), two.getAdmin().rebuild()]);
    expect(dump(path)).toEqual(before);
    const first = one.getAdmin().rebuild();
    const second = two.getAdmin().rebuild({ names: ['locks'] });
    await expect(first).rejects.toMatchObject({ code: 'REBUILD_REPLACED' });
    expect(await second).toMatchObject({ projections: ['locks'] });
    expect(dump(path)).toEqual(before);
  });
});

test('interrupted after its indexes were created, it continues in log order: stacks that swapped names meanwhile', async () => {
  const path = await filled(3, 1);
  await using backend = await StateBackend.open(path);
  const manager = backend.getStackManager();
  for (const name of ['one', 'two']) await manager.createStack({ id: `id-${name}`, name });
  const client = new Database(path, { readonly: true });
  const made = client
    .prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name GLOB :tables")
    .pluck();
  const live = made.get({ tables: '*_rows' }) as number;
  const stop = () => {
    if ((made.get({ tables: 'rebuild_*' }) as number) * 2 >= live) throw new Error('broken off');
  };
  await expect(backend.getAdmin().rebuild({ onProgress: stop })).rejects.toThrow('broken off');
  client.close();

  await manager.updateStack('id-one', { name: 'three' });
  await manager.updateStack('id-two', { name: 'one' });
  await manager.updateStack('id-one', { name: 'two' });
  await backend.getAdmin().rebuild();
  expect((await manager.getStack('one')).id).toBe('id-two');
  expect(await backend.getAdmin().verify()).toMatchObject({ holds: true, problems: [] });
});

describe('tables of another release of a projector', () => {
  const setVersion = (path: string, change: string): void => {
    const db = new Database(path);
    db.prepare(`UPDATE projection_checkpoints SET version = version ${change} WHERE name = 'tags'`).run();
    db.close();
  };

  test('an older one: they are rebuilt when the database is opened', async () => {
    const path = await filled(3, 1);
    const before = dump(path);
    const db = new Database(path);
    db.exec(
      "UPDATE projection_checkpoints SET version = 0 WHERE name = 'tags'; UPDATE tag_rows SET created_by = 'as older'",
    );
    db.close();
    await using backend = await StateBackend.open(path);
    expect(dump(path)).toEqual(before);
    expect(await backend.getTags('shared')).toEqual(['prod']);
  });

  test('a newer one: refused, and unchanged with skipRebuild', async () => {
    const path = await filled(3, 1);
    setVersion(path, '+ 1');
    const before = dump(path);
    await expect(StateBackend.open(path)).rejects.toMatchObject({ code: 'NEWER_PROJECTIONS' });
    await using backend = await StateBackend.open(path, { skipRebuild: true });
    expect((await backend.getAdmin().verify()).problems).toMatchObject([{ check: 'checkpoints', table: 'tags' }]);
    expect(dump(path)).toEqual(before);
  });

  test('one that appears while a process runs: that process may not write any more', async () => {
    const path = await filled(3, 1);
    await using backend = await StateBackend.open(path);
    setVersion(path, '+ 1');
    const before = dump(path);
    await expect(backend.addTag('shared', 'x')).rejects.toMatchObject({ code: 'PROJECTIONS_CHANGED' });
    expect(dump(path)).toEqual(before);
    setVersion(path, '- 1');
    await backend.addTag('shared', 'x');
  });

  test('tables with a gap: nothing is written over it', async () => {
    const path = await filled(3, 1);
    await using backend = await StateBackend.open(path);
    const db = new Database(path);
    db.exec("UPDATE projection_checkpoints SET position = position - 1 WHERE name = 'tags'");
    db.close();
    await expect(backend.addTag('shared', 'x')).rejects.toMatchObject({ code: 'PROJECTIONS_CHANGED' });
    await backend.getAdmin().rebuild({ names: ['tags'] });
    await backend.addTag('shared', 'x');
  });
});
