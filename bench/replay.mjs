// Replay of a large log: rebuild of all projections, fold of a stack and verification, against reading (and parsing) the same
// rows. Memory does not grow with the log.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { StateBackend } from '../dist/index.js';
import { grow } from './big-log.mjs';
import { inFolder } from './data.mjs';
import { atLeast, interleaved } from './measure.mjs';

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
  'fold of a stack': async (path) => {
    const backend = await StateBackend.open(path);
    for await (const _ of backend.replay('stack-7'));
    await backend.close();
  },
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

export const replay = ({ quick, share = 0.01, events = quick ? 100_000 : 1_000_000 }) =>
  inFolder(async (folder) => {
    const path = join(folder, 'log.db');
    await grow(path, 0, events / 10, share);
    const atTenth = Object.fromEntries(Object.keys(SUBJECTS).map((name) => [name, memory(path, name)]));
    await grow(path, events / 10, events, share);
    const times = await interleaved(
      Object.fromEntries(Object.entries(SUBJECTS).map(([name, once]) => [name, () => once(path)])),
      { rounds: 5, times: 1, warmUp: false },
    );
    const rate = (name) => events / (times[name].median / 1000);
    const seconds = ({ median, min, max }) =>
      [median, min, max]
        .map((time) => (time / 1000).toFixed(2))
        .reduce((m, a, i) => (i === 1 ? `${m} (${a}` : `${m}–${a})`));
    return Object.keys(SUBJECTS).map((name) => {
      const ofParsing = rate(name) / rate('read and parse');
      return {
        what: name,
        'events/s': name === 'fold of a stack' ? '' : Math.round(rate(name)).toLocaleString('en-US'),
        'of reading': name === 'fold of a stack' ? '' : (rate(name) / rate('read')).toFixed(2),
        'of reading and parsing':
          name === 'fold of a stack' ? '' : name === 'rebuild' ? atLeast(ofParsing, 0.25) : ofParsing.toFixed(2),
        seconds: seconds(times[name]),
        'MiB at a tenth': atTenth[name],
        'MiB at the end': memory(path, name),
      };
    });
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await SUBJECTS[process.argv[3]](process.argv[2]);
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}
