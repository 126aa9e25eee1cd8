// Reads the tables repeatedly, each time in one transaction, and prints every inconsistent state.
import Database from 'better-sqlite3';

const [, , path, resources] = process.argv;
const db = new Database(path, { readonly: true });
const look = db.transaction(() => ({
  head: db.prepare('SELECT max(position) FROM events').pluck().get(),
  commits: db.prepare('SELECT max(position) FROM commit_rows').pluck().get(),
  stack: db.prepare("SELECT revision FROM stack_rows WHERE name = 'shared'").pluck().get(),
  revision: db.prepare('SELECT max(revision) FROM events WHERE stream = 1').pluck().get(),
  checkpoint: db.prepare('SELECT group_concat(DISTINCT position) FROM projection_checkpoints').pluck().get(),
  resources: db.prepare('SELECT count(*) FROM resources').pluck().get(),
  history: db.prepare('SELECT count(*) FROM resource_history').pluck().get(),
  events: db.prepare("SELECT count(*) FROM events WHERE type LIKE 'Resource%'").pluck().get(),
}));
/** At least this many, however late the first is. */
const LOOKS = 20;
let looks = 0;
const inconsistent = [];
let stopped = false;
process.stdin.on('data', () => (stopped = true)).on('end', () => (stopped = true));
while (!stopped || looks < LOOKS) {
  const seen = look();
  looks++;
  const whole =
    seen.commits === seen.head &&
    seen.stack === seen.revision &&
    seen.checkpoint === String(seen.head) &&
    seen.resources >= Number(resources) &&
    seen.history === seen.events;
  if (!whole && inconsistent.length < 5) inconsistent.push(seen);
  if (looks === 1) process.stdout.write('looking\n');
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`${JSON.stringify({ inconsistent })}\n`);
db.close();
process.exit(0);
