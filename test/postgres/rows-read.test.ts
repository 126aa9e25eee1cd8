import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { configOf } from '../../src/store/postgres/connection.js';
import { emptySchema, onServer } from '../support/postgres.js';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** Rows that any node of a plan read, including those it filtered out. */
function rowsOf(plan: Plan): number {
  const kept = plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Join Filter'] ?? 0);
  return kept * plan['Actual Loops'] + (plan.Plans ?? []).reduce((sum, inner) => sum + rowsOf(inner), 0);
}

/** The tables that are scanned, which have about ten rows at most. */
const SMALL = ['log_head', 'projection_checkpoints'];

const wholeTables = (plan: Plan): string[] => [
  ...(plan['Node Type'] === 'Seq Scan' && !SMALL.includes(plan['Relation Name'] ?? '')
    ? [plan['Relation Name'] ?? '']
    : []),
  ...(plan.Plans ?? []).flatMap(wholeTables),
];

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statements that a function sends to the server. */
async function statementsOf(run: () => Promise<unknown>): Promise<Statement[]> {
  const query = vi.spyOn(pg.Client.prototype, 'query');
  await run();
  const sent = query.mock.calls.map(([config]) => config as unknown as Statement);
  query.mockRestore();
  return sent.filter(({ text }) => /^\s*(SELECT|WITH)/.test(text));
}

const literal = (value: unknown): string => {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return `'{${value.map((item) => JSON.stringify(item).replaceAll("'", "''")).join(',')}}'`;
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
};

/** Returns the plans of statements on a connection like a store's; writing statements are not executed. */
async function explaining(url: string) {
  const client = new pg.Client({ ...configOf(url), pipeline: false });
  await client.connect();
  onTestFinished(() => client.end());
  return async ({ text, values }: Statement): Promise<{ rows: number; whole: string[] }> => {
    await client.query(`PREPARE statement AS ${text}`);
    const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
    const isRead = /^\s*SELECT/.test(text);
    const { rows } = await client.query(`EXPLAIN (ANALYZE ${isRead}, FORMAT JSON) EXECUTE statement ${given}`);
    await client.query('DEALLOCATE statement');
    const plan = rows[0]['QUERY PLAN'][0].Plan as Plan;
    return { rows: isRead ? rowsOf(plan) : 0, whole: wholeTables(plan) };
  };
}

const NO_STATISTICS = `
DO $$ DECLARE name regclass; BEGIN
  FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
  END LOOP;
END $$`;

const RESOURCES = 10_000;
const STACKS = 2_000;
/** The number of rows that one statement may read, however many resources there are. */
const MOST = 60;
/** The log is read in pages of 200 events, also that of a stack. */
const MOST_OF_LOG = 2 * 200 + 10;

test('a command reads its own rows and not its whole stack, also without statistics on the server', async () => {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url);
  const manager = backend.getStackManager();
  const planOf = await explaining(url);
  await onServer(url, (client) => client.query(NO_STATISTICS));
  const server = (n: number, more = {}) => ({
    type: 'server',
    name: `web[${n}]`,
    id: `i-${n}`,
    properties: { id: `own-${n}`, arn: `arn:${n}`, size: n },
    ...more,
  });
  await Promise.all(Array.from({ length: STACKS }, (_, n) => manager.createStack({ name: `stack-${n}` })));
  await manager.createStack({ name: 'web' });
  await manager.apply({ stack: 'web', resources: Array.from({ length: RESOURCES }, (_, n) => server(n)) });
  await manager.apply({
    stack: 'web',
    resources: Array.from({ length: RESOURCES }, (_, n) => ({
      type: 'disk',
      name: `d[${n}]`,
      dependencies: [`server.web[${n}]`],
    })),
    outputs: Array.from({ length: RESOURCES }, (_, n) => ({ name: `out-${n}`, value: n })),
  });
  const { stateVersion } = await manager.getStack('web');
  const things: Record<string, () => Promise<unknown>> = {
    set: () => manager.setResource('web', server(7, { properties: { id: 'own-7', peer: 'own-8', size: 0 } })),
    add: () => manager.setResource('web', { type: 'lb', name: 'a', dependencies: ['server.web[1]'] }),
    remove: () => manager.apply({ stack: 'web', remove: ['server.web[9]'], dependents: 'cascade' }),
    output: () => manager.apply({ stack: 'web', outputs: [{ name: 'out-3', value: 'new' }] }),
    create: () => manager.createStack({ name: 'other' }),
    tag: () => backend.addTag('web', 'prod'),
    'roll back': () => backend.rollbackToSnapshot('web', stateVersion),
    'one resource': () => manager.getResource('web', 'disk.d[3]'),
    'a page of them': () => backend.getResources('web', undefined, { after: 'server.web[7]', limit: 2 }),
    'a page at a version': () =>
      backend.getResources('web', { version: stateVersion }, { after: 'server.web[7]', limit: 2 }),
    'one at a version': () => manager.getResource('web', 'disk.d[3]', { version: stateVersion }),
    'its last events': () => backend.getActivity('web', { limit: 10 }),
    'the log from somewhere': () => backend.getLog({ after: 5_000 }).next(),
    'the last of the log': () => backend.getLog({ limit: 10 }).next(),
    'the log of the stack from somewhere': () => backend.getLog({ stack: 'web', after: 15_000 }).next(),
    'the last of the log of the stack': () => backend.getLog({ stack: 'web', limit: 10 }).next(),
    diff: () => backend.diff('web', stateVersion, stateVersion + 1),
  };
  const wrong: Record<string, unknown> = {};
  for (const [thing, run] of Object.entries(things)) {
    for (const statement of await statementsOf(run)) {
      const { rows, whole } = await planOf(statement);
      const most = thing.includes('log') ? MOST_OF_LOG : MOST;
      if (rows > most || whole.length > 0) wrong[`${thing}: ${statement.text}`] = { rows, whole };
    }
  }
  expect(wrong).toEqual({});
});
