import type pg from 'pg';
import type { StorageProblem } from '../../maintenance.js';
import { FUNCTION_NAMES, SCHEMA } from '../schema.js';
import { type Sql, sqlOn } from '../sql.js';

interface SchemaObject {
  readonly kind: 'table' | 'view' | 'index' | 'trigger' | 'function';
  readonly name: string;
  /** The table of an index or a trigger; otherwise its own name. */
  readonly table: string;
  /** As the server prints it; names outside the search path are qualified. */
  readonly definition: string;
}

/**
 * All objects of one namespace. Constraints are compared by definition, because a rebuild renames a table but not its
 * constraints and their indexes.
 */
const objectsIn = (namespace: 'current_schema()::regnamespace' | 'pg_my_temp_schema()'): string => `
SELECT 'table' AS kind, c.relname AS name, c.relname AS "table", concat_ws(', ',
         (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                      'COLLATE ' || quote_ident(l.collname), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                                      'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
          FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
         (SELECT string_agg(pg_get_constraintdef(k.oid, TRUE), ', ' ORDER BY pg_get_constraintdef(k.oid, TRUE))
          FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n')) AS definition
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = ${namespace}
UNION ALL
SELECT 'view', c.relname, c.relname, concat_ws(' ', c.reloptions::text, pg_get_viewdef(c.oid, TRUE))
FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = ${namespace}
UNION ALL
SELECT 'index', c.relname, t.relname, pg_get_indexdef(c.oid, 0, TRUE)
FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relnamespace = ${namespace} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid)
UNION ALL
SELECT 'trigger', g.tgname, t.relname, pg_get_triggerdef(g.oid, TRUE)
FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid WHERE t.relnamespace = ${namespace} AND NOT g.tgisinternal
UNION ALL
SELECT 'function', p.proname, p.proname, concat_ws(' ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
         l.lanname, p.prokind, p.provolatile, p.proparallel, p.prosecdef, p.proisstrict, p.proconfig::text, p.prosrc)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = ${namespace}`;

/** Properties that disable or change an object of ours: [where, problem]. */
const DEFECTS = `
SELECT c.relname AS "where", 'the index is not valid' AS problem, i.indrelid AS on
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
UNION ALL
SELECT g.tgname, 'the trigger is disabled', g.tgrelid FROM pg_trigger g WHERE g.tgenabled IN ('D', 'R')
UNION ALL
SELECT c.relname, 'rows are hidden by row level security', c.oid FROM pg_class c WHERE c.relrowsecurity
UNION ALL
SELECT c.relname, 'the table is emptied by a crash of the server (unlogged)', c.oid
FROM pg_class c WHERE c.relpersistence = 'u' AND c.relkind = 'r'`;

/** Foreign objects that affect which rows our tables contain; {@link attached} adds triggers and unique indexes. */
const ATTACHED = `
SELECT r.rulename AS "where", 'an unknown rule on ' || c.relname AS problem, c.oid AS on
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT c.relname, 'another table adds its rows to it by inheritance', c.oid
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
UNION ALL
SELECT k.conname, 'an unknown foreign key to ' || c.relname, c.oid
FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid WHERE k.contype = 'f'`;

const onOurs = (problems: string): string => `
SELECT d."where", d.problem FROM (${problems}) d JOIN pg_class c ON c.oid = d.on
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY ($1)`;

const END = `
SELECT h.position AS recorded, h.hash AS "recordedHash", e.position, e.hash
FROM log_head h LEFT JOIN LATERAL (SELECT position, hash FROM events ORDER BY position DESC LIMIT 1) e ON TRUE`;

/** The schema as temporary objects. Functions among them are only found by qualified names. */
const TEMPORARY_SCHEMA = FUNCTION_NAMES.reduce(
  (schema, name) => schema.replaceAll(`${name}(`, `pg_temp.${name}(`),
  SCHEMA.replace(/CREATE (TABLE|VIEW)/g, 'CREATE TEMP $1'),
);

/**
 * Inside a transaction: checks that every table, view, index, trigger and function of ours is as this release creates it,
 * on the same table and enabled, and that the log ends where `log_head` says. Definitions are compared as the server prints
 * them with those of temporary objects of the same schema, which are dropped.
 */
export async function checkStorage(client: pg.ClientBase): Promise<StorageProblem[]> {
  const sql = sqlOn(client);
  const actual = await sql.all<SchemaObject>(objectsIn('current_schema()::regnamespace'));
  const expected = await expectedObjects(client);
  const objects = expected.flatMap((wanted): StorageProblem[] => {
    const { kind, name, table, definition } = wanted;
    const named = actual.filter((one) => one.kind === kind && one.name === name);
    if (named.length === 0) return [{ where: name, problem: `the ${kind} is missing` }];
    return named
      .filter((found) => found.table !== table || found.definition !== definition)
      .map((found) => {
        const moved = found.table === table ? '' : `, and on ${found.table} instead of ${table}`;
        return { where: name, problem: `the ${kind} is not the one this release makes${moved}: ${found.definition}` };
      });
  });
  const defects = await sql.all<StorageProblem>(onOurs(DEFECTS), [RELATIONS]);
  return [...objects, ...(await attached(sql, actual)), ...defects, ...(await wrongEnd(sql))];
}

/** Foreign objects that affect which rows our tables and views contain. */
export async function attachedToOurs(sql: Sql): Promise<StorageProblem[]> {
  return attached(sql, await sql.all<SchemaObject>(objectsIn('current_schema()::regnamespace')));
}

const namesIn = (statements: RegExp): string[] => [...SCHEMA.matchAll(statements)].map(([, name]) => name as string);
const RELATIONS = namesIn(/CREATE (?:TABLE|VIEW) (\w+)/g);
const OWN = new Set(namesIn(/CREATE (?:TRIGGER|UNIQUE INDEX) (\w+)/g));

/** The name without the prefix of a rebuild. */
const live = (name: string): string => name.replace(/^rebuild_/, '');

async function attached(sql: Sql, actual: readonly SchemaObject[]): Promise<StorageProblem[]> {
  const strangers = actual
    .filter(({ kind, definition }) => kind === 'trigger' || definition.startsWith('CREATE UNIQUE INDEX '))
    .filter(({ name, table }) => RELATIONS.includes(live(table)) && !OWN.has(live(name)))
    .map(({ kind, name, table }) => ({
      where: name,
      problem: `an unknown ${kind === 'index' ? 'unique index' : kind} on ${table}`,
    }));
  return [...strangers, ...(await sql.all<StorageProblem>(onOurs(ATTACHED), [RELATIONS]))];
}

async function expectedObjects(client: pg.ClientBase): Promise<readonly SchemaObject[]> {
  const sql = sqlOn(client);
  await client.query(`SAVEPOINT expected; SET LOCAL check_function_bodies = off; ${TEMPORARY_SCHEMA}`);
  const objects = await sql.all<SchemaObject>(objectsIn('pg_my_temp_schema()'));
  await client.query('ROLLBACK TO expected');
  return objects.map((object) => ({ ...object, definition: object.definition.replaceAll('pg_temp.', '') }));
}

async function wrongEnd(sql: Sql): Promise<StorageProblem[]> {
  const end = await sql.get<{ recorded: number; recordedHash: string; position: number | null; hash: string | null }>(
    END,
  );
  if (!end) return [{ where: 'log_head', problem: 'the row that says where the log ends is missing' }];
  const isRight = end.recorded === (end.position ?? 0) && (end.position === null || end.recordedHash === end.hash);
  return isRight
    ? []
    : [{ where: 'log_head', problem: `it says ${end.recorded}, the log ends at ${end.position ?? 0}` }];
}
