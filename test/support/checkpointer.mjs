// Checkpoints a database twice; the second time nothing is left to copy.
import Database from 'better-sqlite3';

const db = new Database(process.argv[2]);
for (let time = 0; time < 2; time++) console.log(`checkpoint ${JSON.stringify(db.pragma('wal_checkpoint(PASSIVE)'))}`);
db.close();
