// Durable commits (full sync) with every projection and the hash, against a bare INSERT of the same bytes through the same
// driver with the same commits; and so many callers at once, against one. Beside ours, what its statements take alone.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StateBackend } from '../dist/index.js';
import { filledBackend, inFolder, openDurably, resource } from './data.mjs';
import { atLeast, interleaved, perSecond } from './measure.mjs';
import { emmett } from './peers/emmett.mjs';
import { oldSystem } from './peers/old-system.mjs';
import { statementsAlone } from './statements-alone.mjs';

const GOALS = { 1: 0.8, 100: 0.25, 1000: 0.25 };
const AGAINST_EMMETT = { 1: 10, 100: 1.5, 1000: 1.5 };
const CALLERS = { 16: 4, 128: 6 };

export async function append({ quick }) {
  const rows = [];
  for (const size of [1, 100, 1_000]) rows.push(await inFolder((folder) => ofSize(folder, size, quick)));
  for (const callers of [16, 128]) rows.push(await inFolder((folder) => ofCallers(folder, callers, quick)));
  return rows;
}

/** The rows that one commit wrote, to be written again by nobody but an INSERT. */
function bareInsert(path, source) {
  const from = new Database(source, { readonly: true });
  const written = from
    .prepare('SELECT * FROM events WHERE command_id = (SELECT command_id FROM events ORDER BY position DESC LIMIT 1)')
    .all();
  const columns = Object.keys(written[0]).filter((column) => column !== 'position');
  const table = from.prepare("SELECT sql FROM sqlite_schema WHERE name = 'events'").pluck().get();
  from.close();
  const db = openDurably(path);
  db.exec(table);
  const insert = db.prepare(`INSERT INTO events (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  const values = written.map((row) => columns.map((column) => row[column]));
  const commit = db.transaction(() => {
    for (const row of values) insert.run(row);
  });
  return { commit, close: () => db.close() };
}

async function copyOf(backend, path) {
  await backend.getAdmin().backup(path);
  return path;
}

async function ofSize(folder, size, quick) {
  const ours = await filledBackend(join(folder, 'ours.db'), 1_000);
  const next = () => {
    const n = ++ours.n;
    return { stack: 'stack', resources: Array.from({ length: size }, (_, i) => resource(i, n)) };
  };
  const change = () => ours.manager.apply(next());
  await change();
  const bare = bareInsert(join(folder, 'bare.db'), join(folder, 'ours.db'));
  const alone = statementsAlone(await copyOf(ours.backend, join(folder, 'alone.db')));
  const old = oldSystem(join(folder, 'old.db'), 1_000);
  const peer = await emmett(join(folder, 'emmett.db'));
  const often = size === 1 ? 300 : size === 100 ? 20 : 4;
  const time = await interleaved(
    {
      bare: bare.commit,
      ours: change,
      alone: () => alone.commit([next()]),
      checked: () => alone.checkAndCommit([next()]),
      old: () => old.commit(size),
      ...(peer && { emmett: () => peer.commit(size) }),
    },
    {
      rounds: quick ? 5 : 9,
      times: {
        bare: often * 2,
        ours: often,
        alone: often,
        checked: often,
        old: Math.ceil(often / 20),
        emmett: Math.ceil(often / 10),
      },
    },
  );
  await ours.backend.close();
  for (const one of [bare, alone, old, peer]) await one?.close();
  return {
    what: `${size.toLocaleString('en-US')} resource${size === 1 ? '' : 's'} a commit`,
    'bare resources/s': perSecond(time.bare, size),
    'ours resources/s': perSecond(time.ours, size),
    'of bare': atLeast(time.bare.median / time.ours.median, GOALS[size]),
    'the statements alone, of bare': (time.bare.median / time.alone.median).toFixed(2),
    'and the check of the input': (time.bare.median / time.checked.median).toFixed(2),
    'times the old system (1,000 resources)': (time.old.median / time.ours.median).toFixed(1),
    'times emmett-sqlite': peer
      ? atLeast(time.emmett.median / time.ours.median, AGAINST_EMMETT[size])
      : 'not installed',
  };
}

/** Each caller has a stack of its own, and sends its next command when the one before is durable. */
async function ofCallers(folder, callers, quick) {
  const backend = await StateBackend.open(join(folder, 'ours.db'), { actor: 'bench' });
  const manager = backend.getStackManager();
  for (let one = 0; one < callers; one++) await manager.createStack({ name: `s${one}` });
  let n = 0;
  const set = (one) => manager.setResource(`s${one}`, resource(0, ++n));
  const commits = quick ? 512 : 2_048;
  const by = (count) => () =>
    Promise.all(
      Array.from({ length: count }, async (_, one) => {
        for (let done = 0; done < commits / count; done++) await set(one);
      }),
    );
  for (let one = 0; one < callers; one++) await set(one);
  const alone = statementsAlone(await copyOf(backend, join(folder, 'alone.db')));
  const aloneBy = (count) => () => {
    const changes = () =>
      Array.from({ length: count }, (_, one) => ({ stack: `s${one}`, resources: [resource(0, ++n)] }));
    for (let done = 0; done < commits; done += count) alone.commit(changes());
  };
  const time = await interleaved(
    { one: by(1), many: by(callers), aloneOne: aloneBy(1), aloneMany: aloneBy(callers) },
    { rounds: 5, times: 1 },
  );
  await backend.close();
  alone.close();
  return {
    part: 'callers at once, one resource a commit',
    what: `${callers} callers`,
    'one caller’s commits/s': perSecond(time.one, commits),
    'all callers’ commits/s': perSecond(time.many, commits),
    'times one caller': atLeast(time.one.median / time.many.median, CALLERS[callers]),
    'the statements alone, times one': (time.aloneOne.median / time.aloneMany.median).toFixed(2),
  };
}
