// Projects logs in a separate process: one JSON array of stored events per input line, one JSON array of row changes per
// output line.
import { createInterface } from 'node:readline';
import { decodeEvent } from '../../dist/events/index.js';
import { stringifyJson } from '../../dist/lib/json.js';
import { drain } from '../../dist/projections/drain.js';
import { PROJECTORS } from '../../dist/projections/index.js';

process.stdout.write(
  `${JSON.stringify([new Date(0).getHours(), 'I'.toLocaleLowerCase(), (1234.5).toLocaleString()])}\n`,
);
for await (const line of createInterface({ input: process.stdin })) {
  const events = JSON.parse(line).map((event) => decodeEvent(event));
  process.stdout.write(`${stringifyJson(drain(events, PROJECTORS))}\n`);
}
