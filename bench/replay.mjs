// Replay of a large log: rebuild of all projections, fold of a stack and verification, against reading (and parsing) the same
// rows. Memory does not grow with the log.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { StateBackend } from '../dist/index.js';
import { bigLog } from './big-log.mjs';
import { atLeast, interleaved, perSecond, seconds } from './measure.mjs';

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
};

async function admin(path, run) {
  const backend = await StateBackend.open(path);
  await run(backend.getAdmin());
  await backend.close();
}

/** Largest resident memory of a process that does the thing once, in MiB. */
function memory(path, subject) {
  const args = [
    '-r',
    fileURLToPath(new URL('peak.cjs', import.meta.url)),
    fileURLToPath(import.meta.url),
    path,
    subject,
  ];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return Math.round(Number(stderr.split('\n').at(-1)) / 1024);
}

/** Of a log of so many events a rebuild is more than making tables and indexes; the goal is for a million. */
const JUDGED = 50_000;

/** Those whose memory must not grow with the log. */
const CONSTANT = ['rebuild', 'verify the chain'];

export async function replay({ quick, share = 0.01, events = quick ? 50_000 : 1_000_000 }) {
  const rows = [];
  const path = await bigLog(events, {
    share,
    atTenth: async (early) => rows.push(...(await rowsOf(early, events / 10))),
  });
  return [...rows, ...(await rowsOf(path, events))];
}

async function rowsOf(path, events) {
  const times = await interleaved(
    Object.fromEntries(Object.entries(SUBJECTS).map(([name, once]) => [name, () => once(path)])),
    { rounds: 5, times: 1, warmUp: false },
  );
  const rate = (name) => events / (times[name].median / 1000);
  return Object.entries(times).map(([what, time]) => {
    const ofAll = what !== 'fold of a stack';
    const ofParsing = rate(what) / rate('read and parse');
    const isJudged = what === 'rebuild' && events >= JUDGED;
    return {
      part: `${events.toLocaleString('en-US')} events`,
      what,
      'events/s': ofAll ? perSecond(time, events) : '',
      'of reading': ofAll ? (rate(what) / rate('read')).toFixed(2) : '',
      'of reading and parsing': !ofAll ? '' : isJudged ? atLeast(ofParsing, 0.25) : ofParsing.toFixed(2),
      seconds: seconds(time),
      'largest MiB': CONSTANT.includes(what) ? memory(path, what) : '',
    };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await SUBJECTS[process.argv[3]](process.argv[2]);
