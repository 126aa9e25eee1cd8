import type { StorageProblem } from '../../maintenance.js';
import { TABLE_DEFINITIONS } from '../../table-definitions.js';
import { TABLE_NAMES } from '../../tables.js';
import { VIEW_NAMES } from '../schema.js';
import type { Sql } from '../sql.js';

const TRIGGERS = ['events_no_change', 'events_no_truncate'];
const INDEXES = ['events_pkey', 'events_by_stream', 'events_signals'];

const THERE = `
SELECT relname AS name, CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'index' END AS kind,
       coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = c.oid), TRUE) AS valid
FROM pg_class c WHERE relkind IN ('r', 'v', 'i') AND relnamespace = current_schema()::regnamespace`;
const ACTIVE = `
SELECT tgname AS name, tgenabled AS enabled FROM pg_trigger WHERE tgrelid = 'events'::regclass AND NOT tgisinternal`;
const END = `
SELECT h.position AS told, h.hash AS "toldHash", e.position, e.hash
FROM log_head h LEFT JOIN LATERAL (SELECT position, hash FROM events ORDER BY position DESC LIMIT 1) e ON TRUE`;

/** Whether every table, view, index and trigger of ours is there and in force, and the log ends where it is said to. */
export async function checkStorage(sql: Sql): Promise<StorageProblem[]> {
  const there = await sql.all<{ name: string; kind: string; valid: boolean }>(THERE);
  const indexes = [
    ...INDEXES,
    ...TABLE_NAMES.flatMap((table) => TABLE_DEFINITIONS[table].indexes.map(({ name }) => name)),
  ];
  const wanted = [
    ...['events', 'log_head', 'projection_checkpoints', ...TABLE_NAMES].map((name) => ({ name, kind: 'table' })),
    ...VIEW_NAMES.map((name) => ({ name, kind: 'view' })),
    ...indexes.map((name) => ({ name, kind: 'index' })),
  ];
  const objects = wanted.flatMap(({ name, kind }): StorageProblem[] => {
    const found = there.find((one) => one.name === name && one.kind === kind);
    if (!found) return [{ where: name, problem: `the ${kind} is missing` }];
    return found.valid ? [] : [{ where: name, problem: `the ${kind} is not valid` }];
  });
  const active = await sql.all<{ name: string; enabled: string }>(ACTIVE);
  const triggers = TRIGGERS.flatMap((name): StorageProblem[] => {
    const found = active.find((one) => one.name === name);
    if (!found) return [{ where: name, problem: 'the trigger is missing' }];
    return found.enabled === 'D' ? [{ where: name, problem: 'the trigger is disabled' }] : [];
  });
  const strangers = active
    .filter(({ name }) => !TRIGGERS.includes(name))
    .map(({ name }) => ({ where: name, problem: 'an unknown trigger on events' }));
  return [...objects, ...triggers, ...strangers, ...(await wrongEnd(sql))];
}

async function wrongEnd(sql: Sql): Promise<StorageProblem[]> {
  const end = await sql.get<{ told: number; toldHash: string; position: number | null; hash: string | null }>(END);
  if (!end) return [{ where: 'log_head', problem: 'the row that says where the log ends is missing' }];
  const isRight = end.told === (end.position ?? 0) && (end.position === null || end.toldHash === end.hash);
  return isRight ? [] : [{ where: 'log_head', problem: `it says ${end.told}, the log ends at ${end.position ?? 0}` }];
}
