import pg from 'pg';
import { parseDatabaseUrl } from '../../lib/database-url.js';

/** How long a connection may take to come about, a lock to be waited for, a statement to run; milliseconds. */
const CONNECT_TIMEOUT = 10_000;
const LOCK_TIMEOUT = 30_000;
const STATEMENT_TIMEOUT = 300_000;

/** Whole numbers of 64 bits come as numbers: none of ours is beyond 2^53. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;

/**
 * What every connection is set to, beside what the URL says under `options`. Plans are made once for each statement: one
 * made anew for each list of keys costs more than it carries out, and would be no other. Every list is read in the order of
 * an index: a bitmap, which a server without statistics takes for the better way, has all of it found and sorted for a page.
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

/** @throws InvalidInputError for a URL that is none */
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
    pipeline: true, // what is asked without waiting travels together
    types,
  };
}
