// Rebuilds all projections of a database and prints the result; made to be killed part-way.
import { StateBackend } from '../../dist/index.js';

const backend = await StateBackend.open(process.argv[2], { skipRebuild: true });
let reported = false;
const { events } = await backend.getAdmin().rebuild({
  onProgress: ({ done }) => {
    if (reported || done === 0) return;
    reported = true;
    process.stdout.write('under way\n');
  },
});
process.stdout.write(`${events}\n`);
await backend.close();
