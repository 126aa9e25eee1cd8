// Bytes on disk for a change of one field in a resource of 700 bytes, and for a version of the stack, tables and indexes
// included. Peers keep a copy of the whole state.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { filledBackend, inFolder, resource } from './data.mjs';
import { atMost } from './measure.mjs';
import { oldSystem } from './peers/old-system.mjs';
import { terraform } from './peers/terraform.mjs';

/** Resources of the stack. */
const STACK = 1_000;

export const size = ({ quick }) =>
  inFolder(async (folder) => {
    const changes = quick ? 1_000 : 10_000;
    const path = join(folder, 'ours.db');
    const stack = await filledBackend(path, STACK);
    const before = { bytes: settled(path), json: jsonOf(path) };
    for (let n = 0; n < changes; n += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          stack.manager.setResource('stack', resource((n + index) % STACK, n + index + 1)),
        ),
      );
    }
    await stack.backend.close();
    const ours = (settled(path) - before.bytes) / changes;
    const json = (jsonOf(path) - before.json) / changes;

    const versions = 20;
    const old = oldSystem(join(folder, 'old.db'), STACK);
    const oldBefore = settled(join(folder, 'old.db'));
    for (let n = 0; n < versions; n++) old.commit(1);
    old.close();
    const oldBytes = (settled(join(folder, 'old.db')) - oldBefore) / versions;
    const tool = terraform(folder, STACK);
    tool?.remove();
    const rows = [
      { what: 'the event’s JSON', 'bytes a change': json.toFixed(0), 'of the JSON': '1.00' },
      {
        what: 'ours: event, tables, indexes',
        'bytes a change': ours.toFixed(0),
        'of the JSON': atMost(ours / json, 1.6),
      },
      {
        what: 'old system: a copy of 1,000 resources',
        'bytes a change': oldBytes.toFixed(0),
        'of the JSON': (oldBytes / json).toFixed(0),
      },
    ];
    if (tool) {
      const bytes = statSync(join(tool.folder, 'terraform.tfstate')).size;
      rows.push({
        what: 'terraform: state and backup',
        'bytes a change': (2 * bytes).toFixed(0),
        'of the JSON': ((2 * bytes) / json).toFixed(0),
      });
    }
    return rows;
  });

/** The file's size once all of the log that SQLite writes ahead is in it. */
function settled(path) {
  const db = new Database(path);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  return statSync(path).size;
}

function jsonOf(path) {
  const db = new Database(path, { readonly: true });
  const bytes = db
    .prepare('SELECT sum(length(CAST(data AS BLOB)) + length(CAST(meta AS BLOB))) FROM events')
    .pluck()
    .get();
  db.close();
  return bytes;
}
