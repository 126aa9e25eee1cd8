import { describe, expect, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { emptySchema, onServer } from '../support/postgres.js';

async function small(): Promise<string> {
  const url = await emptySchema();
  await using backend = await StateBackend.open(url, { actor: 'a' });
  const manager = backend.getStackManager();
  await manager.createStack({ name: 'web' });
  await manager.setResource('web', { type: 't', name: 'a', properties: { n: 1 } });
  await backend.addTag('web', 'prod');
  return url;
}

async function problemsOf(url: string): Promise<readonly string[]> {
  await using backend = await StateBackend.open(url, { skipRebuild: true });
  return (await backend.getAdmin().verify()).problems.map(({ message }) => message);
}

const change = (url: string, text: string) => onServer(url, (client) => client.query(text));

/** Statements that make each view of the log read another table. */
const REDIRECTED = `
DO $$ DECLARE v RECORD; BEGIN
  CREATE TABLE events_2 AS SELECT * FROM events;
  FOR v IN SELECT viewname, definition FROM pg_views WHERE schemaname = current_schema() AND definition ~ '\\mevents\\M' LOOP
    EXECUTE format('CREATE OR REPLACE VIEW %I AS %s', v.viewname, regexp_replace(v.definition, '\\mevents\\M', 'events_2', 'g'));
  END LOOP;
END $$`;
const MOVED = `
CREATE TABLE events_2 (LIKE events);
DROP TRIGGER events_no_change ON events; DROP TRIGGER events_no_truncate ON events;
CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events_2 FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events_2 FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`;

const CASES: Record<string, readonly [where: string | readonly string[], text: string]> = {
  'all views read a copy of the log': [
    ['drift_detections', 'resource_dependencies', 'resources', 'stack_executions', 'stack_versions', 'stacks'].concat([
      'state_activity',
      'state_versions',
    ]),
    REDIRECTED,
  ],
  'all guards sit on another table': [['events_no_change', 'events_no_truncate'], MOVED],
  'a guard calls another function': [
    'events_no_change',
    `CREATE FUNCTION allow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
     DROP TRIGGER events_no_change ON events;
     CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION allow()`,
  ],
  'a guard has a condition': [
    'events_no_change',
    `DROP TRIGGER events_no_change ON events;
     CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events FOR EACH ROW WHEN (FALSE)
     EXECUTE FUNCTION refuse_change()`,
  ],
  'a guard works on replicas only': ['events_no_change', 'ALTER TABLE events ENABLE REPLICA TRIGGER events_no_change'],
  'the function of the guards does nothing': [
    'refuse_change',
    'CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
  ],
  'a function that views call gives another document': [
    'event_json',
    "CREATE OR REPLACE FUNCTION event_json(data TEXT) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT '{}'::json $$",
  ],
  'an index on other columns': [
    'tag_rows_by_tag',
    'DROP INDEX tag_rows_by_tag; CREATE INDEX tag_rows_by_tag ON tag_rows (stream, tag)',
  ],
  'an index on another table': [
    'tag_rows_by_tag',
    'DROP INDEX tag_rows_by_tag; CREATE INDEX tag_rows_by_tag ON lock_rows (who, stream)',
  ],
  'an index that is no longer unique': [
    'stack_rows_by_id',
    'DROP INDEX stack_rows_by_id; CREATE INDEX stack_rows_by_id ON stack_rows (id)',
  ],
  'a table without its key': ['tag_rows', 'ALTER TABLE tag_rows DROP CONSTRAINT tag_rows_pkey'],
  'a column of another type': ['lock_rows', 'ALTER TABLE lock_rows ALTER COLUMN token TYPE NUMERIC'],
  'a trigger more on the log': [
    'mine',
    'CREATE TRIGGER mine BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
  ],
  'a trigger more on a projection': [
    'mine',
    'CREATE TRIGGER mine BEFORE DELETE ON tag_rows FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
  ],
  'a rule that swallows what is written': ['mine', 'CREATE RULE mine AS ON DELETE TO tag_rows DO INSTEAD NOTHING'],
  'a table that adds rows by inheritance': ['lock_rows', 'CREATE TABLE mine () INHERITS (lock_rows)'],
  'a foreign key to a table of ours': [
    'mine_f',
    'CREATE TABLE mine (s BIGINT CONSTRAINT mine_f REFERENCES stack_rows)',
  ],
  'an index that allows fewer rows': ['mine', 'CREATE UNIQUE INDEX mine ON tag_rows (stream)'],
  'row level security': ['tag_rows', 'ALTER TABLE tag_rows ENABLE ROW LEVEL SECURITY'],
};

describe('a forged schema is reported', () => {
  test.each(Object.entries(CASES))('%s', async (_, [where, text]) => {
    const url = await small();
    await change(url, text);
    const problems = await problemsOf(url);
    const places = [where].flat();
    for (const place of places) expect(problems).toContainEqual(expect.stringContaining(`${place}: `));
    expect(problems).toHaveLength(places.length);
    expect((await commandLine(url).run(['audit', 'verify'])).code).toBe(7);
  });
});

test('foreign tables, views, indexes and triggers are allowed', async () => {
  const url = await small();
  await change(
    url,
    `CREATE TABLE mine (x BIGINT); CREATE INDEX mine_too ON tag_rows (tag); CREATE VIEW my_tags AS SELECT * FROM tag_rows;
     CREATE TRIGGER my_own BEFORE DELETE ON mine FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
  );
  expect(await problemsOf(url)).toEqual([]);
});

const SWALLOW = `
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER evil BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION swallow()`;

test('a trigger on the log discards no acknowledged command', async () => {
  const url = await small();
  await using backend = await StateBackend.open(url);
  await change(url, SWALLOW);
  for (let time = 0; time < 2; time++) {
    await expect(backend.addTag('web', 'x')).rejects.toMatchObject({ code: 'EVENT_NOT_STORED', exitCode: 7 });
  }
  await change(url, 'DROP TRIGGER evil ON events');
  await backend.addTag('web', 'x');
  expect((await backend.head()).position).toBe(4);
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});

test.each([
  ['a trigger', SWALLOW],
  ['a rule', 'CREATE RULE evil AS ON DELETE TO tag_rows DO INSTEAD NOTHING'],
  ['a unique index', 'CREATE UNIQUE INDEX evil ON tag_rows (stream)'],
  ['a foreign key', 'CREATE TABLE mine (s BIGINT CONSTRAINT evil REFERENCES stack_rows)'],
])('%s of others on our tables stops a rebuild, which names it', async (_, text) => {
  const url = await small();
  await change(url, text);
  await using backend = await StateBackend.open(url);
  await expect(backend.getAdmin().rebuild()).rejects.toMatchObject({
    code: 'FOREIGN_PARTS',
    exitCode: 7,
    message: expect.stringContaining('evil'),
  });
});

test('after a rebuild of all projections, and of each, the schema is valid, again and again', async () => {
  const url = await small();
  await using backend = await StateBackend.open(url);
  const names = (await backend.getAdmin().projections()).map(({ name }) => name);
  for (const some of [names, ...names.map((name) => [name]), names]) await backend.getAdmin().rebuild({ names: some });
  expect((await backend.getAdmin().verify()).problems).toEqual([]);
});

test('a verification leaves nothing behind', async () => {
  const url = await small();
  await using backend = await StateBackend.open(url, { connections: 1 });
  for (let time = 0; time < 2; time++) expect((await backend.getAdmin().verify()).problems).toEqual([]);
  await backend.addTag('web', 'x');
  expect(await backend.getTags('web')).toEqual(['prod', 'x']);
});
