// Backs up or restores, and kills itself when a step has made this progress: `dying-admin.mjs backup DB FILE STEP N`.
import { StateBackend } from '../../dist/index.js';

const [, , what, db, file, step, times] = process.argv;
let left = Number(times);
const onProgress = (progress) => {
  if (progress.step === step && --left === 0) process.kill(process.pid, 'SIGKILL');
};
if (what === 'backup') {
  const backend = await StateBackend.open(db);
  await backend.getAdmin().backup(file, { onProgress });
  await backend.close();
} else await StateBackend.restore(db, file, { onProgress });
