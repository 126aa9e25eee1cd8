// One of several processes that write to one database. Prints a line for each acknowledged command.
import { StateBackend } from '../../dist/index.js';

const [, , db, writer, commands] = process.argv;
const backend = await StateBackend.open(db, { actor: `writer-${writer}` });
const manager = backend.getStackManager();
await manager.createStack({ name: `own-${writer}` });
for (let n = 1; n < Number(commands); n++) {
  const stack = n % 2 === 0 ? 'shared' : `own-${writer}`;
  const receipt = await manager.setResource(stack, { type: 'item', name: `w${writer}-${n % 50}`, properties: { n } });
  process.stdout.write(`${receipt.lastPosition} ${receipt.hash}\n`);
}
await backend.close();
