import { join } from 'node:path';
import { type Engine, engineOn, openEngineAt, PROJECTION } from '../../src/engine.js';
import { type Clock, systemClock } from '../../src/lib/clock.js';
import { MODEL, openModelStore } from '../model/model-store.js';
import { scratchFolder } from './folder.js';
import { ON_POSTGRES } from './on-postgres.js';
import { emptySchema, newSchema } from './postgres.js';

/** The kinds of stores on which properties are tested. */
export const KINDS: readonly string[] = ON_POSTGRES ? ['postgres'] : [':memory:', MODEL];

/** The kind for a test that needs only one. */
export const KIND = KINDS[0] as string;

/** A new database that is removed with the test and that a second connection can read. */
export const freshPlace = async (): Promise<string> =>
  ON_POSTGRES ? emptySchema() : join(scratchFolder(), 'stacks.db');

/**
 * A new store; its schema on a server is removed when it is closed.
 * @param kind one of {@link KINDS}, or a file
 */
export async function openFresh(kind: string, clock: Clock = systemClock): Promise<Engine> {
  if (kind === MODEL) return engineOn(openModelStore({ projection: PROJECTION, clock }));
  if (kind !== 'postgres') return openEngineAt(kind, clock);
  const schema = await newSchema();
  const engine = await openEngineAt(schema.url, clock);
  const close = async (): Promise<void> => {
    await engine.store.close();
    await schema.drop();
  };
  return { ...engine, store: { ...engine.store, close } };
}
