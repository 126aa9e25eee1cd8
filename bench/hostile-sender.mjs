// Sends one hostile case over and over by two connections until its parent ends it, or so many times by one. In a process of its own: the latency of
// the others is not to be that of making bodies.
import { request } from 'node:http';
import { CASES } from './hostile-cases.mjs';

const [, , url, name, token, times] = process.argv;
const { method, path, headers, body } = CASES.find((one) => one.name === name);
const bytes = Buffer.from(body(), 'latin1');
const { hostname, port } = new URL(url);

const once = () =>
  new Promise((resolve) => {
    const sent = request({
      hostname,
      port,
      method,
      path,
      headers: {
        'content-type': 'application/json',
        'content-length': bytes.length,
        authorization: `Bearer ${token}`,
        ...headers,
      },
    });
    sent.on('response', (answer) => {
      answer
        .resume()
        .on('end', () => resolve(answer.statusCode))
        .on('error', () => resolve(0));
    });
    sent.on('error', () => resolve(0));
    sent.end(bytes);
  });

process.on('disconnect', () => process.exit());
const loop = async () => {
  while (process.connected) {
    const status = await once();
    if (process.connected) process.send(status, () => {}); // whoever counts may have gone
  }
};
process.send('ready');
if (times === undefined) await Promise.all([loop(), loop()]);
else {
  for (let left = Number(times); left > 0; left -= 1) await once();
  process.exit();
}
