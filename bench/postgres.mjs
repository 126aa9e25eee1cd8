// Appending to PostgreSQL against a bare INSERT of the same bytes through the same driver, durable, in the same run. Beside
// ours, what is left of the bare one once its positions come from a row, without gaps and in the order of commits.
// SLOTH_BENCH_POSTGRES names a database that the benchmark may make schemas in.
import pg from 'pg';
import { StateBackend } from '../dist/index.js';
import { atLeast, interleaved, milliseconds } from './measure.mjs';

const URL_OF = process.env.SLOTH_BENCH_POSTGRES;
const COMMITS = 200;
const BATCH = 1_000;
/** Of the bare one, by resources a commit. */
const GOALS = { 1: 0.5, [BATCH]: 0.25 };

const resource = (name, n) => ({
  type: 'server',
  name,
  properties: { n, image: 'debian-12', text: 'x'.repeat(400), tags: { env: 'prod', owner: 'core' } },
});

async function inSchema(run) {
  const client = new pg.Client({ connectionString: URL_OF });
  await client.connect();
  const name = `bench_${process.pid}`;
  await client.query(`CREATE SCHEMA ${name}`);
  try {
    return await run(`${URL_OF}?options=${encodeURIComponent(`-c search_path=${name}`)}`);
  } finally {
    await client.query(`DROP SCHEMA ${name} CASCADE`);
    await client.end();
  }
}

/** The rows that a commit wrote, to be written again by nobody but an INSERT. */
async function rowsOf(client, after) {
  return (await client.query('SELECT * FROM events WHERE position > $1 ORDER BY position', [after])).rows;
}

const COLUMNS = [
  'position',
  'stream',
  'revision',
  'version',
  'type',
  'schema_version',
  'data',
  'meta',
  'recorded_at',
  'command_id',
  'hash',
];
const TYPES = ['bigint', 'bigint', 'bigint', 'bigint', 'text', 'bigint', 'text', 'text', 'text', 'text', 'text'];
const ROWS = `unnest(${TYPES.map((type, index) => `$${index + 1}::${type}[]`).join(', ')})`;
const BARE = `INSERT INTO bare (${COLUMNS.join(', ')})
SELECT * FROM ${ROWS}`;

const COUNTED = `WITH counter AS (UPDATE bare_head SET position = position + 1 RETURNING position)
INSERT INTO bare (${COLUMNS.join(', ')})
SELECT counter.position, ${COLUMNS.slice(1).join(', ')}
FROM counter, ${ROWS} u (old_position, ${COLUMNS.slice(1).join(', ')})`;

export async function postgres() {
  if (URL_OF === undefined) {
    console.error('SLOTH_BENCH_POSTGRES must name a PostgreSQL database: postgres://USER@HOST/DATABASE');
    process.exit(2);
  }
  return inSchema(async (url) => {
    const rows = [];
    for (const size of [1, BATCH]) {
      rows.push(await compare(url, { size, callers: 1, processes: 1 }));
      rows.push(await compare(url, { size, callers: 8, processes: 1 }));
      rows.push(await compare(url, { size, callers: 8, processes: 8 }));
    }
    return rows;
  });
}

/** Callers that each make commits of so many resources in a stack of their own, on one backend for all or one for each. */
async function compare(url, { size, callers, processes }) {
  const commits = size === 1 ? COMMITS : 4;
  const opened = await Promise.all(Array.from({ length: processes }, () => StateBackend.open(url, { actor: 'bench' })));
  const backends = Array.from({ length: callers }, (_, index) => opened[index % processes]);
  const pools = Array.from({ length: callers }, () => new pg.Client({ connectionString: url }));
  for (const client of pools) await client.connect();
  const [first] = pools;
  await first.query('CREATE TABLE IF NOT EXISTS bare (LIKE events, serial BIGSERIAL PRIMARY KEY)');
  await first.query('CREATE TABLE IF NOT EXISTS bare_head AS SELECT 0::bigint AS position');
  const names = backends.map((_, index) => `s-${callers}-${processes}-${size}-${index}`);
  let n = 0;
  const apply = async (index) => {
    n += 1;
    const resources = Array.from({ length: size }, (_, item) => resource(`r${item}`, n * 10_000 + item));
    await backends[index].getStackManager().apply({ stack: names[index], resources });
  };
  for (const [index, backend] of backends.entries()) {
    await backend.getStackManager().createStack({ name: names[index] });
    await apply(index);
  }
  const { position } = await backends[0].head();
  await apply(0);
  const written = await rowsOf(first, position);
  const values = COLUMNS.map((column) => written.map((row) => row[column]));
  const each = (run) =>
    Promise.all(
      backends.map(async (_, index) => {
        for (let commit = 0; commit < commits; commit += 1) await run(index);
      }),
    );
  const times = await interleaved(
    {
      bare: () => each((index) => pools[index].query({ name: 'bare', text: BARE, values })),
      counted: () => each((index) => pools[index].query({ name: 'counted', text: COUNTED, values })),
      ours: () => each(apply),
    },
    { rounds: 5, times: 1 },
  );
  for (const backend of opened) await backend.close();
  for (const client of pools) await client.end();
  const done = callers * commits;
  const perSecond = ({ median }) => Math.round((done * 1_000) / median).toLocaleString('en');
  return {
    what: `${size === 1 ? 'one resource' : '1,000 resources'} a commit, ${callers === 1 ? '1 caller' : `8 callers on ${processes} backend${processes === 1 ? '' : 's'}`}`,
    'bare commits/s': perSecond(times.bare),
    'our commits/s': perSecond(times.ours),
    'of bare': atLeast(times.bare.median / times.ours.median, GOALS[size]),
    'positions from a row alone, of bare': (times.bare.median / times.counted.median).toFixed(2),
    bare: milliseconds(times.bare),
    ours: milliseconds(times.ours),
  };
}
