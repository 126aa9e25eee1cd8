// 200 clients in a process of their own: node load-clients.mjs URL CLIENTS SECONDS. Each keeps a stack of its own as
// Terraform does: lock, read, store a state in which one resource changed, unlock. Prints what it saw as one JSON object.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';

const [url, clients, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const agent = new Agent({ keepAlive: true, maxSockets: clients });
const end = Date.now() + seconds * 1_000;
const milliseconds = { lock: [], get: [], post: [], unlock: [] };
const errors = [];

function ask(method, path, body) {
  const headers =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, agent, headers }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece)).on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(pieces).toString() }));
    });
    sent.on('error', reject).end(body);
  });
}

async function timed(kind, ...args) {
  const begin = performance.now();
  const answer = await ask(...args);
  milliseconds[kind].push(performance.now() - begin);
  if (answer.status !== 200 && !(kind === 'get' && answer.status === 404))
    errors.push(`${kind}: ${answer.status} ${answer.body}`);
  return answer;
}

const stateOf = (client, serial) =>
  `${JSON.stringify(
    {
      version: 4,
      terraform_version: '1.11.4',
      serial,
      lineage: `client-${client}`,
      outputs: {},
      resources: Array.from({ length: 20 }, (_, n) => ({
        mode: 'managed',
        type: 'terraform_data',
        name: `r${String(n).padStart(2, '0')}`,
        provider: 'provider["terraform.io/builtin/terraform"]',
        instances: [
          {
            schema_version: 0,
            attributes: { id: `${client}-${n}`, input: n === serial % 20 ? serial : 0 },
            sensitive_attributes: [],
          },
        ],
      })),
      check_results: null,
    },
    null,
    2,
  )}\n`;

/** One client's life; returns the last state the server acknowledged. */
async function live(client) {
  const path = `/tfstate/load-${client}`;
  let acknowledged = null;
  for (let serial = 1; Date.now() < end; serial += 1) {
    const lock = JSON.stringify({
      ID: `${client}-${serial}`,
      Operation: 'OperationTypeApply',
      Who: `client-${client}`,
    });
    await timed('lock', 'LOCK', path, lock);
    const { body } = await timed('get', 'GET', path);
    if (acknowledged !== null && body !== acknowledged)
      errors.push(`client ${client}: what was read is not what was stored`);
    const state = stateOf(client, serial);
    const { status } = await timed('post', 'POST', `${path}?ID=${client}-${serial}`, state);
    if (status === 200) acknowledged = state;
    await timed('unlock', 'UNLOCK', path, lock);
  }
  return {
    client,
    digest: createHash('sha256')
      .update(acknowledged ?? '')
      .digest('hex'),
  };
}

const stored = await Promise.all(Array.from({ length: clients }, (_, client) => live(client)));
agent.destroy();
const quantile = (values, q) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];
const latencies = Object.fromEntries(
  Object.entries(milliseconds).map(([kind, values]) => [
    kind,
    { count: values.length, p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: Math.max(...values) },
  ]),
);
console.log(JSON.stringify({ errors: errors.slice(0, 5), failed: errors.length, latencies, stored }));
