// The old workflow state's own way, in SQL: a change is an UPDATE and a line of activity, a version is a copy of the whole
// state, a rollback writes all of it anew.
import { openDurably, resource } from '../data.mjs';

const SCHEMA = `
CREATE TABLE workflow_states (id TEXT PRIMARY KEY, name TEXT, version INTEGER);
CREATE TABLE workflow_resources (id TEXT PRIMARY KEY, workflow_id TEXT, type TEXT, name TEXT, attributes TEXT);
CREATE TABLE state_versions (id TEXT PRIMARY KEY, workflow_id TEXT, version INTEGER, state TEXT, UNIQUE (workflow_id, version));
CREATE TABLE workflow_activity (id INTEGER PRIMARY KEY AUTOINCREMENT, workflow_id TEXT, action TEXT, details TEXT);
CREATE INDEX workflow_resources_by_workflow ON workflow_resources (workflow_id);`;

/** @param size resources of its one workflow */
export function oldSystem(path, size) {
  const db = openDurably(path);
  db.exec(SCHEMA);
  const insert = db.prepare('INSERT INTO workflow_resources VALUES (?, ?, ?, ?, ?)');
  const update = db.prepare('UPDATE workflow_resources SET attributes = ? WHERE id = ?');
  const note = db.prepare('INSERT INTO workflow_activity (workflow_id, action, details) VALUES (?, ?, ?)');
  const all = db.prepare('SELECT id, type, name, attributes FROM workflow_resources WHERE workflow_id = ?');
  const keep = db.prepare('INSERT INTO state_versions VALUES (?, ?, ?, ?)');
  const kept = db.prepare('SELECT state FROM state_versions WHERE workflow_id = ? AND version = ?').pluck();
  const clear = db.prepare('DELETE FROM workflow_resources WHERE workflow_id = ?');
  let version = 0;
  let n = 0;

  const change = (count) => {
    n += 1;
    for (let index = 0; index < count; index++) {
      update.run(JSON.stringify(resource(index, n).properties), `r${index}`);
      note.run('w', 'update', `r${index}`);
    }
  };
  const snapshot = () => {
    const state = all.all('w').map((row) => ({ ...row, attributes: JSON.parse(row.attributes) }));
    version += 1;
    keep.run(`w-v${version}`, 'w', version, JSON.stringify({ resources: state }));
    return version;
  };
  const rollback = (to) => {
    const { resources } = JSON.parse(kept.get('w', to));
    clear.run('w');
    for (const one of resources) insert.run(one.id, 'w', one.type, one.name, JSON.stringify(one.attributes));
    note.run('w', 'rollback', String(to));
  };
  db.transaction(() => {
    for (let index = 0; index < size; index++) {
      insert.run(`r${index}`, 'w', 'server', `web[${index}]`, JSON.stringify(resource(index, 0).properties));
    }
    snapshot();
  })();
  return {
    /** Changes so many resources, and keeps the version. */
    commit: db.transaction((count) => {
      change(count);
      snapshot();
    }),
    change: db.transaction(() => change(1)),
    snapshot: db.transaction(snapshot),
    changeAndRollBack: () => {
      db.transaction(() => change(1))();
      db.transaction(() => rollback(1))();
    },
    close: () => db.close(),
  };
}
