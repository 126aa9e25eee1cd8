// What is written: resources of some 700 bytes, and the databases they are in.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StateBackend } from '../dist/index.js';

/** Resources of one commit while a stack is filled. */
const BATCH = 10_000;

export const resource = (index, n) => ({
  type: 'server',
  name: `web[${index}]`,
  properties: { n, image: 'debian-12', tags: { env: 'prod', owner: 'core' }, text: 'x'.repeat(500) },
});

/** A SQLite file whose commits are flushed to disk, as ours are. */
export function openDurably(path) {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  return db;
}

/** Runs something with a folder that is removed afterwards. */
export async function inFolder(run) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A database with one stack, `stack`, of so many resources, each of which was written so many times. */
export async function filledBackend(path, size, times = 1) {
  const backend = await StateBackend.open(path, { actor: 'bench' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'stack' });
  for (let n = 0; n < times; n++) {
    for (let from = 0; from < size; from += BATCH) {
      const resources = Array.from({ length: Math.min(BATCH, size - from) }, (_, index) => resource(from + index, n));
      await manager.apply({ stack: 'stack', resources });
    }
  }
  return { backend, manager, size, n: times };
}
