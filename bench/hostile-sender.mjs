// Carries out one hostile case until its parent ends it, or sends its request so many times. In a process of its own: the
// latency of the others must not include that of making bodies.
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CASES } from './hostile-cases.mjs';

const [, , url, name, token, times] = process.argv;
const one = CASES.find((other) => other.name === name);
const { hostname, port } = new URL(url);

function sender({ method, path, headers: own, body, changes, leaveMs }) {
  const make = () => Buffer.from(body(), 'latin1');
  const made = make();
  return () =>
    new Promise((resolve) => {
      const bytes = changes ? make() : made;
      const sent = bytes.length === 0 ? {} : { 'content-type': 'application/json', 'content-length': bytes.length };
      const headers = { ...sent, authorization: `Bearer ${token}`, ...own };
      const asked = request({ hostname, port, method, path, headers });
      asked.on('response', (answer) => {
        answer
          .resume()
          .on('end', () => resolve(answer.statusCode))
          .on('error', () => resolve(0));
      });
      asked.on('error', () => resolve(0));
      asked.end(bytes);
      if (leaveMs !== undefined) setTimeout(() => asked.destroy(), leaveMs);
    });
}

/** A connection from an address of its own, as long as the server lets it stay open; resolves to the status or 0. */
function hold({ first, eachSecond }) {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.2' });
    let status = 0;
    const timer = eachSecond === undefined ? undefined : setInterval(() => socket.write(eachSecond), 1_000);
    socket.on('connect', () => first && socket.write(first(token)));
    socket.on('data', (piece) => {
      status ||= Number(/^HTTP\/1\.1 (\d{3})/.exec(piece.toString('latin1'))?.[1] ?? 0);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve(status);
    });
  });
}

process.on('disconnect', () => process.exit());
async function repeat(act) {
  while (process.connected) {
    const status = await act();
    if (process.connected) process.send(status, () => {}); // whoever counts may have gone
    if (one.open) await pause(100); // 400 connections that are refused open 4,000 a second, not more
  }
}
process.send('ready');
if (one.open) for (let left = one.open; left > 0; left -= 1) repeat(() => hold(one));
else if (times === undefined) {
  const send = sender(one);
  const connections = one.connections ?? (one.changes ? 1 : 2);
  await Promise.all(Array.from({ length: connections }, () => repeat(send)));
} else {
  const send = sender(one);
  for (let left = Number(times); left > 0; left -= 1) await send();
  process.exit();
}
