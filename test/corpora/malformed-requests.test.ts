import { expect, test } from 'vitest';
import { SOAK, sampleSeed } from '../support/properties.js';
import { serving } from '../support/server.js';
import { type Malformed, mutatedRequests, REQUESTS } from './malformed-requests.js';
import { restoreStacks } from './places.js';
import { exchange, type Reply, requestBytes, Tally } from './wire.js';

/** What is wrong with the answers to a request, if anything. */
function faultOf({ kind }: Malformed, { statuses }: Reply, isMade: boolean): string | undefined {
  const [first, ...next] = statuses.filter((status) => status >= 200);
  if (kind === 'pipelined' && (!isMade || statuses.at(-1) !== 200)) return 'the pipelined request was not answered';
  if (kind === 'ambiguous' && isMade) return 'a hidden request was carried out';
  if (kind === 'ambiguous' && first !== undefined && (first < 400 || next.length > 0))
    return 'an ambiguous request was accepted';
  if (isMade && !next.includes(200)) return 'a request was carried out and not answered';
  if (next.length > 2) return 'more answers than requests';
  return undefined;
}

const ALL = [...REQUESTS, ...mutatedRequests(SOAK ? 20_000 : 200, sampleSeed)];
const HEALTH = requestBytes('GET', '/healthz');

test('malformed requests are refused, none hides another, and the server stays healthy', async () => {
  const { backend, server } = await serving({ headersMs: 1_000, requestMs: 1_000 });
  await restoreStacks(backend);
  const manager = backend.getStackManager();
  const [tally, health] = [new Tally(), new Tally()];

  const send = async (malformed: Malformed): Promise<void> => {
    const { name, bytes, hidden } = malformed;
    try {
      const reply = await exchange(server.url, bytes);
      tally.add(name, reply);
      const isMade = await manager.getStack(hidden).then(
        () => true,
        () => false,
      );
      const fault = faultOf(malformed, reply, isMade);
      if (fault) tally.faults.push(`${fault}: ${name} → ${reply.statuses}`);
    } catch (error) {
      tally.faults.push(`${name}: ${(error as Error).message}`);
    }
    health.add(name, await exchange(server.url, HEALTH));
  };
  for (let begin = 0; begin < ALL.length; begin += 60) {
    await Promise.all(ALL.slice(begin, begin + 60).map(send)); // together, for some wait until they are let go
  }
  console.log(`malformed requests: ${tally}\n/healthz after each: ${health}`);
  expect(tally.faults).toEqual([]);
  expect([...health.results]).toEqual([['200', ALL.length]]);

  const made = (await manager.listStacks()).map(({ name }) => name).filter((name) => name.startsWith('pipelined'));
  expect(made.length).toBe(REQUESTS.filter(({ kind }) => kind === 'pipelined').length);
}, 3_600_000);

test('a condition after 2,500 other headers still holds', async () => {
  const { server, backend } = await serving();
  await restoreStacks(backend);
  const many = 'X: y\r\n'.repeat(2_500);
  const body = '{"stack":"web","action":"x"}';
  const request = `POST /api/v1/commands/recordActivity HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${many}If-Match: "999"\r\n\r\n${body}`;
  expect((await exchange(server.url, request)).statuses).toEqual([412]);
});
