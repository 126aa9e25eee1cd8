// What a change of resources cannot do without on these tables, and nothing else: one look for the stack, its lock, each
// resource with its value and its edges, and the log's end; JSON and two SHA-256; the rows. Nothing is checked, compared or
// decided, no edge is judged, no id is unique. So much of the bare INSERT a program could reach that does no work of its own,
// or, with the check of what it is given, none but that.
import { hash as digest, randomUUID } from 'node:crypto';
import { COMMANDS } from '../dist/commands/index.js';
import { openDurably } from './data.mjs';

const sha256 = (text) => digest('sha256', text);

/** @param path a database of ours whose stacks hold the resources that are changed, and that nobody else writes */
export function statementsAlone(path) {
  const db = openDurably(path);
  db.pragma('cache_size = -65536');
  const row = (sql) => db.prepare(sql).raw();
  const stackOf = row(
    `SELECT stream, state_version, revision FROM stack_rows WHERE id = ? AND deleted_at IS NULL
     UNION ALL SELECT stream, state_version, revision FROM stack_rows WHERE name = ? AND deleted_at IS NULL LIMIT 1`,
  );
  const lockOf = row('SELECT * FROM lock_rows WHERE stream = ?');
  const headOf = row('SELECT position, hash FROM events ORDER BY position DESC LIMIT 1');
  const resourceOf = row(
    `SELECT r.resource, e.data FROM resource_rows r JOIN events e ON e.position = r.position
     WHERE r.stream = ? AND r.address = ?`,
  );
  const edgesOf = row(
    `SELECT e.data FROM json_each(?) k CROSS JOIN dependency_rows d ON d.stream = ? AND d.address = k.value
     CROSS JOIN events e ON e.position = d.position`,
  );
  const addEvent = db.prepare(
    `INSERT INTO events (position, stream, revision, version, type, schema_version, data, meta, recorded_at, command_id, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const moveResource = db.prepare(
    'UPDATE resource_rows SET id = ?, own_id = ?, identity = ?, position = ? WHERE resource = ?',
  );
  const addHistory = db.prepare(
    'INSERT INTO resource_history (position, resource, version, present) VALUES (?, ?, ?, 1)',
  );
  const addCommit = db.prepare(
    `INSERT INTO commit_rows (position, first_position, stream, version, raised, kind, added, changed, removed, command_id, actor, at, principal)
     VALUES (?, ?, ?, ?, 1, 'apply', 0, ?, 0, ?, 'bench', ?, '')`,
  );
  const moveStack = db.prepare(
    'UPDATE stack_rows SET state_version = ?, revision = ?, updated_at = ? WHERE stream = ?',
  );
  const moveCheckpoints = db.prepare('UPDATE projection_checkpoints SET position = ? WHERE position = ?');
  const meta = JSON.stringify({ actor: 'bench', source: 'api', command: 'apply' });

  const change = ({ stack, resources }) => {
    const [stream, before, revision] = stackOf.get(stack, stack);
    lockOf.get(stream);
    const [head, chained] = headOf.get();
    edgesOf.all(JSON.stringify(resources.map(({ type, name }) => `${type}.${name}`)), stream);
    const version = before + 1;
    const commandId = randomUUID();
    const now = new Date().toISOString();
    let hash = chained;
    for (const [index, { type, name, properties }] of resources.entries()) {
      const [resource, data] = resourceOf.get(stream, `${type}.${name}`);
      const { dependencies, metadata } = JSON.parse(data);
      const checksum = sha256(JSON.stringify(properties));
      const value = {
        properties,
        dependencies,
        state: 'applied',
        metadata,
        checksum,
        lastApplied: now,
        errorMessage: null,
      };
      const text = JSON.stringify({ resource, module: '', type, name, ...value });
      const position = head + index + 1;
      const place = [position, stream, revision + index + 1, version, 'ResourceUpdated', 1, text, meta, now, commandId];
      hash = sha256(`${hash}\n${place.join('\n')}`);
      addEvent.run(...place, hash);
      moveResource.run(null, null, null, position, resource);
      addHistory.run(position, resource, version);
    }
    const last = head + resources.length;
    addCommit.run(last, head + 1, stream, version, resources.length, commandId, now);
    moveStack.run(version, revision + resources.length, now, stream);
  };
  const commit = db.transaction((changes) => {
    const [before] = headOf.get();
    for (const one of changes) change(one);
    moveCheckpoints.run(headOf.get()[0], before);
  }).immediate;
  const check = (changes) => changes.map((one) => COMMANDS.apply.schema.parse({ type: 'apply', ...one }));
  return { commit, checkAndCommit: (changes) => commit(check(changes)), close: () => db.close() };
}
