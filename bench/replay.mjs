// Replay of a large log: rebuild of all projections and verification, against reading (and parsing) the same rows.
// Claims: rebuild at least 0.25 of reading and parsing, the chain at least 0.5 of reading; memory does not grow with the log.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { StateBackend } from '../dist/index.js';
import { interleaved } from './measure.mjs';

const RESOURCES = 100_000;
const COMMIT = 1_000;

const resource = (n) => ({
  type: 'server',
  name: `web-${n % RESOURCES}`,
  properties: { n, image: 'debian-12', tags: { env: 'prod', owner: 'core' }, text: 'x'.repeat(400) },
});

/** Adds changes to a stack: `share` of them in commits of their own, the rest 1,000 a commit. */
async function grow(path, from, to, share) {
  const backend = await StateBackend.open(path, { actor: 'bench' });
  const manager = backend.getStackManager();
  if (from === 0) await manager.createStack({ name: 'stack' });
  for (let n = from; n < to; n += COMMIT) {
    const resources = Array.from({ length: COMMIT }, (_, index) => resource(n + index));
    if ((n / COMMIT) % 100 < share * 100) await Promise.all(resources.map((one) => manager.setResource('stack', one)));
    else await manager.apply({ stack: 'stack', resources });
  }
  await backend.close();
}

function readAll(path, each) {
  const db = new Database(path, { readonly: true });
  for (const row of db.prepare('SELECT * FROM events ORDER BY position').iterate()) each(row);
  db.close();
}

const SUBJECTS = {
  read: (path) => readAll(path, () => {}),
  'read and parse': (path) =>
    readAll(path, ({ data, meta }) => {
      JSON.parse(data);
      JSON.parse(meta);
    }),
  rebuild: (path) => admin(path, (one) => one.rebuild()),
  'verify the chain': (path) => admin(path, (one) => one.verify({ chainOnly: true })),
  'verify all': (path) => admin(path, (one) => one.verify()),
};

async function admin(path, run) {
  const backend = await StateBackend.open(path);
  await run(backend.getAdmin());
  await backend.close();
}

/** Largest resident memory of a process that does the thing once, in MiB. */
function memory(path, subject) {
  const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), path, subject], { encoding: 'utf8' });
  return Number(stdout);
}

export async function replay({ events = 1_000_000, rounds = 5, share = 0.01 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  try {
    const path = join(folder, 'log.db');
    await grow(path, 0, events / 10, share);
    const atTenth = Object.fromEntries(Object.keys(SUBJECTS).map((name) => [name, memory(path, name)]));
    await grow(path, events / 10, events, share);
    const times = await interleaved(
      Object.fromEntries(Object.entries(SUBJECTS).map(([name, once]) => [name, () => once(path)])),
      { rounds, times: 1, warmUp: false },
    );
    const rate = (name) => events / (times[name].median / 1000);
    return Object.keys(SUBJECTS).map((name) => ({
      what: name,
      'events/s': Math.round(rate(name)).toLocaleString('en-US'),
      'of reading': (rate(name) / rate('read')).toFixed(2),
      'of reading and parsing': (rate(name) / rate('read and parse')).toFixed(2),
      'seconds (min–max)': `${(times[name].median / 1000).toFixed(1)} (${(times[name].min / 1000).toFixed(1)}–${(times[name].max / 1000).toFixed(1)})`,
      'MiB at a tenth': atTenth[name],
      'MiB at the end': memory(path, name),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await SUBJECTS[process.argv[3]](process.argv[2]);
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}
