// 50 clients work (a small command, a read) while a hostile case is carried out: a request sent over and over by two
// connections, or hundreds of connections kept open. The server is a process of its own; for connections it may open 256
// files. Then the pause that a legitimate write of more than 5 MB causes.
// Claims: /healthz answers within 200 ms and a small command within 1 s; no answer is a 5xx but 503.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TokenStore } from '../dist/server/index.js';
import { CASES } from './hostile-cases.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const CLIENTS = 50;
/** How often each client does something: some 100 requests a second together, which two processors carry. */
const EVERY_MS = 500;

async function serve(folder, files) {
  const db = join(folder, 's.db');
  const tokens = TokenStore.open(`${db}.tokens`);
  const made = Object.fromEntries(
    ['read', 'admin', 'other'].map((role) => [
      role,
      tokens.create({ role: role === 'other' ? 'write' : role, name: role, stacks: [], by: 'bench' }).token,
    ]),
  );
  tokens.close();
  const args = [here('../bin/run.cjs'), 'serve', '--db', db, '--listen', '127.0.0.1:0', '--output', 'json'];
  const command = [process.execPath, ...args, '--log-level', 'error'];
  const child = spawn('sh', ['-c', `ulimit -n ${files}; exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      if (text.includes('}')) resolve(JSON.parse(text).url);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url, tokens: made };
}

/** What the server's own thread has worked, milliseconds; Linux counts it in hundredths of a second. */
const workedBy = (pid) => {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const TIMES = 4;

/** What one hostile request costs the server's own thread: no answer waits for longer than that. */
async function workOf({ url, tokens, child }, { name, token = 'admin', body }) {
  if (body === undefined) return '';
  const before = workedBy(child.pid);
  await once(fork(here('hostile-sender.mjs'), [url, name, tokens[token] ?? token, TIMES]), 'exit');
  return `${Math.round((workedBy(child.pid) - before) / TIMES)} ms`;
}

const summary = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  const show = (value) => `${Math.round(value ?? 0)} ms`;
  return `${show(sorted[Math.floor(sorted.length / 2)])} (${show(sorted.at(-1))})`;
};

async function measured(server, one, seconds) {
  const { url, tokens } = server;
  const { name, token = 'admin' } = one;
  const work = await workOf(server, one);
  const sender =
    one.body === undefined && !one.open
      ? undefined
      : fork(here('hostile-sender.mjs'), [url, name, tokens[token] ?? token]);
  const answers = {};
  if (sender) {
    await once(sender, 'message');
    sender.on('message', (status) => {
      answers[status] = (answers[status] ?? 0) + 1;
    });
  }
  const headers = { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' };
  const times = { healthz: [], command: [], read: [], yaml: [] };
  const wrong = {};
  const timed = async (kind, path, options) => {
    const begin = performance.now();
    const answer = await fetch(`${url}${path}`, { headers, ...options });
    await answer.arrayBuffer();
    times[kind].push(performance.now() - begin);
    if (answer.status >= 400) wrong[answer.status] = (wrong[answer.status] ?? 0) + 1;
  };
  const end = performance.now() + seconds * 1_000;
  const client = async (number) => {
    const stack = `client-${number}`;
    await pause((number / CLIENTS) * EVERY_MS);
    for (let n = 0; performance.now() < end; n += 1) {
      const fields = JSON.stringify({ stack, description: `round ${n} of ${name}` });
      await timed('command', '/api/v1/commands/updateStack', { method: 'POST', body: fields });
      await timed('read', `/api/v1/stacks/${stack}`);
      await pause(EVERY_MS);
    }
  };
  const probe = async () => {
    while (performance.now() < end) {
      await timed('healthz', '/healthz');
      await pause(20);
    }
  };
  const sendYaml = async () => {
    const own = { authorization: `Bearer ${tokens.other}`, 'content-type': 'application/yaml' };
    const options = { method: 'POST', headers: own, body: one.yaml };
    while (one.yaml !== undefined && performance.now() < end) {
      await timed('yaml', '/api/v1/stacks/client-0/desired-state?dry_run=true', options);
      await pause(EVERY_MS);
    }
  };
  try {
    await Promise.all([probe(), sendYaml(), ...Array.from({ length: CLIENTS }, (_, number) => client(number))]);
  } finally {
    sender?.disconnect();
  }
  const failed = Object.keys({ ...wrong, ...answers }).filter((status) => status >= 500 && status !== '503');
  if (failed.length > 0) throw new Error(`${name}: answered ${failed}`);
  return {
    what: name,
    'own thread': work,
    healthz: summary(times.healthz),
    'small command': summary(times.command),
    read: summary(times.read),
    ...(one.yaml === undefined ? {} : { 'small YAML': summary(times.yaml) }),
    'hostile answers': JSON.stringify(answers),
    'others refused': JSON.stringify(wrong),
  };
}

/** A stack of 50,000 resources. */
async function fillBig(url, headers) {
  const post = (type, fields) =>
    fetch(`${url}/api/v1/commands/${type}`, { method: 'POST', headers, body: JSON.stringify(fields) });
  await post('createStack', { name: 'big' });
  for (let at = 0; at < 50_000; at += 5_000) {
    const resources = Array.from({ length: 5_000 }, (_, n) => ({
      type: 'server',
      name: `web-${at + n}`,
      properties: { id: `i-${at + n}`, text: 'x'.repeat(60) },
      ...(n % 10 === 0 ? {} : { dependencies: [`server.web-${at + n - (n % 10)}`] }),
    }));
    const { status } = await post('apply', { stack: 'big', resources });
    if (status !== 200) throw new Error(`the large stack was answered ${status}`);
  }
}

/** Measures cases with a server that may open so many files. */
async function withServer(cases, files, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  const server = await serve(folder, files);
  try {
    const headers = { authorization: `Bearer ${server.tokens.admin}`, 'content-type': 'application/json' };
    for (let number = 0; number < CLIENTS; number += 1) {
      const body = JSON.stringify({ name: `client-${number}` });
      await fetch(`${server.url}/api/v1/commands/createStack`, { method: 'POST', headers, body });
    }
    if (cases.some(({ name }) => name.startsWith('reads:'))) await fillBig(server.url, headers);
    const rows = [];
    for (const one of cases) rows.push(await measured(server, one, seconds));
    return rows;
  } finally {
    server.child.removeAllListeners('exit');
    server.child.kill();
    rmSync(folder, { recursive: true });
  }
}

/** @param only cases whose name holds this text */
export async function serverHostile({ quick, only = '' } = {}) {
  const chosen = CASES.filter(({ name }) => name.includes(only));
  const seconds = quick ? 4 : 15;
  return [
    ...(await withServer(
      chosen.filter(({ open }) => !open),
      4_096,
      seconds,
    )),
    ...(await withServer(
      chosen.filter(({ open }) => open),
      256,
      seconds,
    )),
  ];
}
