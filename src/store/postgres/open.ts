import type pg from 'pg';
import { GENESIS_HASH } from '../../events/index.js';
import { NotFoundError, StoreError } from '../../lib/errors.js';
import { newKey } from '../content-key.js';
import type { Projection } from '../event-store.js';
import { SCHEMA, SCHEMA_VERSION, upgradeFrom } from './schema.js';
import { transactionOn } from './transaction.js';

/** Serialises the creation of the schema when two processes open a new database. "SLTH". */
const SCHEMA_LOCK = 0x53_4c_54_48;

const IDENTITY = `SELECT to_regclass('sloth_schema') IS NOT NULL AS ours, to_regclass('events') IS NOT NULL AS taken`;
const VERSION = 'SELECT version FROM sloth_schema';
const UNDEFINED_TABLE = '42P01';
/** The first schema version with a key of the log. */
const WITH_KEY = 3;

/**
 * Creates the schema in the connection's schema if it is missing and registers the projectors; upgrades an earlier version.
 * If two clients do this at once, the second finds it done. Checking a current schema costs one query, which a replica
 * answers too.
 * @param mayCreate whether a missing schema is created
 * @returns whether it was created
 * @throws NotFoundError `DATABASE_NOT_FOUND`; StoreError for a database of another program or a newer release
 */
export async function prepareDatabase(
  client: pg.ClientBase,
  projection: Projection,
  where: string,
  mayCreate: boolean,
): Promise<boolean> {
  const version = await versionOf(client);
  if (version === SCHEMA_VERSION) return false;
  if (version === undefined && !mayCreate) throw await missing(client, where);
  return transactionOn(client, () => createSchema(client, projection, where));
}

/**
 * The same within the open transaction: the schema is committed with everything else, or not at all.
 * @returns whether there was none
 */
export async function createSchema(client: pg.ClientBase, projection: Projection, where: string): Promise<boolean> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
  const { ours, taken } = (await client.query(IDENTITY)).rows[0] as { ours: boolean; taken: boolean };
  if (ours) await upgrade(client, (await versionOf(client)) as number, where);
  else if (taken) throw notOurs(where);
  else await create(client, projection);
  return !ours;
}

async function missing(client: pg.ClientBase, where: string): Promise<Error> {
  const { taken } = (await client.query(IDENTITY)).rows[0] as { taken: boolean };
  return taken ? notOurs(where) : databaseMissing(where);
}

const databaseMissing = (where: string): NotFoundError =>
  new NotFoundError('DATABASE_NOT_FOUND', `there is no database: ${where} (it holds no tables of sloth-runner)`, {
    hint: 'Check the URL and its schema, or open it so that the tables are created.',
    details: { field: 'db', database: where },
  });

/** Undefined if our schema does not exist. */
async function versionOf(client: pg.ClientBase): Promise<number | undefined> {
  try {
    return (await client.query(VERSION)).rows[0].version as number;
  } catch (error) {
    if ((error as { readonly code?: string }).code === UNDEFINED_TABLE) return undefined;
    throw error;
  }
}

async function create(client: pg.ClientBase, projection: Projection): Promise<void> {
  await client.query(SCHEMA);
  await client.query(`CREATE TABLE sloth_schema (version BIGINT NOT NULL);
    INSERT INTO sloth_schema VALUES (${SCHEMA_VERSION});
    INSERT INTO log_head VALUES (TRUE, 0, '${GENESIS_HASH}', NULL)`);
  await makeKey(client);
  for (const { name, version } of projection.projectors) {
    await client.query('INSERT INTO projection_checkpoints VALUES ($1, $2, 0)', [name, version]);
  }
}

async function upgrade(client: pg.ClientBase, version: number, where: string): Promise<void> {
  if (version > SCHEMA_VERSION) throw newerSchema(version, where);
  if (version === SCHEMA_VERSION) return;
  await client.query(upgradeFrom(version));
  if (version < WITH_KEY) await makeKey(client);
  await client.query('UPDATE sloth_schema SET version = $1', [SCHEMA_VERSION]);
}

const makeKey = (client: pg.ClientBase) => client.query('INSERT INTO log_key VALUES (TRUE, $1)', [newKey()]);

const newerSchema = (version: number, where: string): StoreError =>
  new StoreError('NEWER_SCHEMA', `the database was written by a newer release (schema ${version}): ${where}`, {
    hint: `This release reads schemas up to ${SCHEMA_VERSION}. Upgrade sloth-runner; nothing was changed.`,
    details: { database: where, schemaVersion: version, supported: SCHEMA_VERSION },
  });

const notOurs = (where: string): StoreError =>
  new StoreError('NOT_A_DATABASE', `something else keeps a table "events" there: ${where}`, {
    hint: 'Nothing was changed in it. Choose another database, or another schema with ?options=-csearch_path%3DNAME.',
    details: { database: where },
  });
