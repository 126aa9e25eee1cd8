import pg from 'pg';
import { parseDatabaseUrl } from '../../lib/database-url.js';

/** The time limits for connecting, for waiting for a lock, and for a statement, in milliseconds. */
const CONNECT_TIMEOUT = 10_000;
const LOCK_TIMEOUT = 30_000;
const STATEMENT_TIMEOUT = 300_000;

/** 64-bit integers are read as numbers: none of ours exceeds 2^53. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;

/**
 * Settings of every connection, besides the `options` of the URL. Each statement is planned once: planning it again for
 * each list of keys costs more than running it and gives the same plan. Lists are read in index order. Without statistics,
 * a server would choose a bitmap scan, which finds and sorts the whole list for one page.
 */
const SETTINGS = [
  `lock_timeout=${LOCK_TIMEOUT}`,
  `statement_timeout=${STATEMENT_TIMEOUT}`,
  'synchronous_commit=on',
  'plan_cache_mode=force_generic_plan',
  'enable_bitmapscan=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/** @throws InvalidInputError for an invalid URL */
export function configOf(text: string): pg.ClientConfig {
  const url = parseDatabaseUrl(text);
  const options = `${SETTINGS} ${url.searchParams.get('options') ?? ''}`.trim();
  url.searchParams.delete('options');
  return {
    connectionString: url.href,
    application_name: 'sloth-runner',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    options,
    keepAlive: true,
    pipeline: true, // statements that do not wait for each other share a round trip
    types,
  };
}
