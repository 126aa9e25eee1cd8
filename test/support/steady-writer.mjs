// Writes to one stack until its input ends. Prints a line for each acknowledged command.
import { StateBackend } from '../../dist/index.js';

const [, , db, writer, stack] = process.argv;
const backend = await StateBackend.open(db, { actor: `writer-${writer}` });
const manager = backend.getStackManager();
let ended = false;
process.stdin.on('end', () => (ended = true)).resume();
for (let n = 1; !ended; n++) {
  const receipt = await manager.setResource(stack, { type: 'item', name: `s${writer}-${n % 50}`, properties: { n } });
  process.stdout.write(`${receipt.lastPosition} ${receipt.hash}\n`);
}
await backend.close();
