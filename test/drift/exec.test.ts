import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ask } from '../../src/drift/exec/ask.js';
import { type ExecOptions, execSource } from '../../src/drift/index.js';
import { scratchFolder } from '../support/folder.js';
import { expected, look, pages } from './support.js';

/** A Node script that has read all requests into `requests` before the body runs. */
const READ_ALL = `
import { readFileSync, writeSync, appendFileSync } from 'node:fs';
const requests = readFileSync(0, 'utf8').trimEnd().split('\\n').map((line) => JSON.parse(line));
const say = (answer) => writeSync(1, JSON.stringify(answer) + '\\n');
`;

/** The same, one request at a time, as they arrive. */
const READ_EACH = `
import { createInterface } from 'node:readline';
import { appendFileSync, writeSync } from 'node:fs';
const say = (answer) => writeSync(1, JSON.stringify(answer) + '\\n');
const each = async (answer) => {
  for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));
};
`;

function script(body: string, options: ExecOptions = {}) {
  const file = join(scratchFolder(), 'look.mjs');
  writeFileSync(file, body);
  return execSource(`"${process.execPath}" "${file}"`, options);
}

const some = (count: number) => Array.from({ length: count }, (_, n) => expected(`t.r${n}`, { n }));
const same = (count: number) => Object.fromEntries(some(count).map(({ address, properties }) => [address, properties]));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Fails if the condition does not become true within 10 s. */
async function eventually(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries === 200) throw new Error('it has not come true');
    await sleep(50);
  }
}

describe('a program as a source', () => {
  test('gets one resource per line, and may answer in any order', async () => {
    const folder = scratchFolder();
    const source = script(
      `${READ_ALL}
      appendFileSync(${JSON.stringify(join(folder, 'got'))}, requests.map((r) => JSON.stringify(r) + '\\n').join(''));
      for (const { address, properties } of requests.reverse()) say({ address, properties: address.endsWith('1') ? null : properties });`,
      { concurrency: 1 },
    );
    const { observations } = await look(source, [
      { ...expected('m.a', { big: 1, text: 'é\n' }), module: 'module.x', id: 'own' },
      expected('t.r1'),
    ]);
    expect(observations).toEqual([
      { address: 't.r1', actual: null },
      { address: 'm.a', actual: { big: 1, text: 'é\n' } },
    ]);
    expect(readFileSync(join(folder, 'got'), 'utf8')).toBe(
      `${JSON.stringify({ address: 'm.a', id: 'own', module: 'module.x', type: 'm', name: 'a', properties: { big: 1, text: 'é\n' } })}\n` +
        `${JSON.stringify({ address: 't.r1', id: 'res-t.r1', module: '', type: 't', name: 'r1', properties: {} })}\n`,
    );
  });

  test('returns its input: big numbers keep their digits', async () => {
    const { parseJson, stringifyJson } = await import('../../src/lib/json.js');
    const properties = parseJson('{"n":12345678901234567890,"f":1.0,"__proto__":{"a":1}}') as { readonly n: number };
    const { observations } = await look(execSource('cat'), [expected('t.a', properties)]);
    expect(stringifyJson(observations)).toBe(
      '[{"address":"t.a","actual":{"n":12345678901234567890,"f":1.0,"__proto__":{"a":1}}}]',
    );
  });

  test('gets 2,000 resources of 5 kB, page by page, and does not block the process', async () => {
    const resources = some(2_000).map((one) => ({
      ...one,
      properties: { ...one.properties, text: 'x'.repeat(5_000) },
    }));
    const { observations, notes } = await look(execSource('cat'), resources);
    expect(observations).toHaveLength(2_000);
    expect(observations).toContainEqual({ address: 't.r1999', actual: resources[1999]?.properties });
    expect(notes).toEqual([]);
  });

  test('its own error is reported for the resource', async () => {
    const { found } = await look(script(`${READ_ALL} say({ address: 't.r0', error: 'no permission' });`), some(1));
    expect(found).toEqual({ 't.r0': 'no permission' });
  });

  test('its output on standard error is reported as a note', async () => {
    const { found, notes } = await look(
      script(`${READ_EACH} process.stderr.write('one\\n\\ntwo'); await each(say);`),
      some(1),
    );
    expect(found).toEqual(same(1));
    expect(notes).toEqual(['one', 'two']);
  });

  test('results are passed on as they arrive', async () => {
    // Answers the second request only after the first result was seen, which a file signals.
    const file = join(scratchFolder(), 'seen');
    const source = script(
      `${READ_ALL}
      import { existsSync } from 'node:fs';
      say(requests[0]);
      const wait = setInterval(() => { if (existsSync(${JSON.stringify(file)})) { say(requests[1]); clearInterval(wait); } }, 20);`,
      { concurrency: 1, timeoutMs: 20_000 },
    );
    const seen: object[] = [];
    for await (const observation of source.observe(pages(some(2)))) {
      seen.push(observation);
      if (seen.length === 1) writeFileSync(file, '');
    }
    expect(seen).toEqual([
      { address: 't.r0', actual: { n: 0 } },
      { address: 't.r1', actual: { n: 1 } },
    ]);
  });

  test('runs once for each page, and for few resources as often as there are workers', async () => {
    const log = join(scratchFolder(), 'log');
    const counting = (concurrency: number) =>
      script(`${READ_ALL} appendFileSync(${JSON.stringify(log)}, requests.length + '\\n'); requests.forEach(say);`, {
        concurrency,
      });
    const { found } = await look(counting(4), some(10));
    expect(found).toEqual(same(10));
    expect(readFileSync(log, 'utf8').trim().split('\n').sort()).toEqual(['1', '3', '3', '3']);
    writeFileSync(log, '');
    await look(counting(2), some(10), { size: 3 });
    expect(readFileSync(log, 'utf8').trim().split('\n').sort()).toEqual(['1', '3', '3', '3']);
    writeFileSync(log, '');
    await look(counting(2), []);
    expect(readFileSync(log, 'utf8')).toBe('');
  });

  test('runs with at most the requested number of processes at a time', async () => {
    const log = join(scratchFolder(), 'log');
    const source = script(
      `${READ_ALL} const note = (s) => appendFileSync(${JSON.stringify(log)}, s);
      note('+'); setTimeout(() => { note('-'); requests.forEach(say); }, 150);`,
      { concurrency: 2 },
    );
    await look(source, some(6), { size: 1 });
    let running = 0;
    const heights = [...readFileSync(log, 'utf8')].map((sign) => (running += sign === '+' ? 1 : -1));
    expect(heights).toHaveLength(12);
    expect(Math.max(...heights)).toBe(2);
  });

  test('quoted words stay together and no shell interprets them', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'args.mjs');
    writeFileSync(file, `${READ_ALL} say({ address: 't.r0', properties: { args: process.argv.slice(2) } });`);
    const marker = join(folder, 'marker');
    const command = `"${process.execPath}" ${file} $HOME * ';' touch ${marker} \`id\` "a b" ''`;
    const { found } = await look(execSource(command), some(1));
    expect(found).toEqual({ 't.r0': { args: ['$HOME', '*', ';', 'touch', marker, '`id`', 'a b', ''] } });
    expect(existsSync(marker)).toBe(false);
  });

  test('runs in a shell on request', async () => {
    const { found } = await look(execSource('x=1; cat | sed "s/\\"n\\":0/\\"n\\":$x/"', { shell: true }), some(1));
    expect(found).toEqual({ 't.r0': { n: 1 } });
  });

  test.each(['', '  ', '"cat', "it's"])('refuses the command %j', (command) => {
    expect(() => execSource(command)).toThrow(
      expect.objectContaining({ code: 'EXEC_COMMAND_INVALID', details: { field: 'command', command } }),
    );
  });

  test('that does not exist ends the run', async () => {
    const source = execSource('/nowhere/at-all --x');
    await expect(look(source, some(3))).rejects.toThrow(
      expect.objectContaining({
        code: 'EXEC_NOT_FOUND',
        exitCode: 2,
        message: expect.stringMatching(/nowhere.*ENOENT/),
      }),
    );
    await expect(look(execSource('/etc/passwd'), some(3))).rejects.toThrow(/EACCES/);
  });
});

describe('an invalid answer', () => {
  test.each<[string, string, string]>([
    ['text for properties', '{"address":"t.r0","properties":"x"}', '"properties" must be an object, or null'],
    ['a list for properties', '{"address":"t.r0","properties":[]}', '"properties" must be an object, or null'],
    ['nothing for properties', '{"address":"t.r0"}', '"properties" must be an object, or null'],
    ['a number for an error', '{"address":"t.r0","error":1}', '"error" must be text'],
    ['a field that does not exist', '{"address":"t.r0","property":{}}', 'unknown field "property"'],
  ])('%s is an error of the resource', async (_, line, error) => {
    const { found } = await look(
      script(`${READ_ALL} console.log(${JSON.stringify(line)}); say(requests[1]);`, { concurrency: 1 }),
      some(2),
    );
    expect(found).toEqual({ 't.r0': expect.stringContaining(`line 1 of its output: ${error}`), 't.r1': { n: 1 } });
  });

  test.each<[string, string, string]>([
    ['no JSON', 'not json', 'line 2 of its output is not valid JSON'],
    ['a key twice', '{"address":"t.r0","address":"t.r0"}', 'line 2 of its output is not valid JSON'],
    ['no object', '[1]', 'line 2 of its output names no address'],
    ['no address', '{"properties":{}}', 'line 2 of its output names no address'],
    [
      'another address',
      '{"address":"x","properties":{}}',
      'line 2 of its output names "x", which it was not asked for',
    ],
  ])('%s is noted, and reported for resources without an answer', async (_, line, problem) => {
    const { found, notes } = await look(
      script(`${READ_ALL} say(requests[1]); console.log(${JSON.stringify(line)});`, { concurrency: 1 }),
      some(3),
    );
    expect(found).toEqual({ 't.r0': `no answer; ${problem}`, 't.r1': { n: 1 }, 't.r2': `no answer; ${problem}` });
    expect(notes).toEqual([expect.stringMatching(/^line 2 of its output.*passed over$/)]);
  });

  test('invalid UTF-8 is invalid JSON', async () => {
    const { found } = await look(script(`${READ_ALL} writeSync(1, Buffer.from('7b22ff220a', 'hex'));`), some(1));
    expect(found).toEqual({ 't.r0': 'no answer; line 1 of its output is not valid JSON' });
  });

  test('a second answer is noted: the first was passed on already', async () => {
    const { found, notes } = await look(
      script(`${READ_ALL} say(requests[0]); say({ address: 't.r0', properties: null });`),
      some(1),
    );
    expect(found).toEqual(same(1));
    expect(notes).toEqual(['line 2 of its output answers "t.r0" a second time: the first answer counts']);
  });

  test('a line beyond 16 MiB is skipped, and the next one read', async () => {
    const { found } = await look(
      script(
        `${READ_ALL} process.stdout.write('x'.repeat(16 * 1024 * 1024 + 1) + '\\n' + JSON.stringify(requests[1]));`,
        { concurrency: 1 },
      ),
      some(2),
    );
    expect(found).toEqual({
      't.r0': 'no answer; line 1 of its output is longer than 16777216 bytes',
      't.r1': { n: 1 },
    });
  });

  test('no answer is an error', async () => {
    const { found } = await look(script(`${READ_ALL} say(requests[0]);`, { concurrency: 1 }), some(2));
    expect(found).toEqual({ 't.r0': { n: 0 }, 't.r1': 'no answer' });
    // It ends without having read its input, which is larger than a pipe's buffer.
    const large = some(200).map((one) => ({ ...one, properties: { text: 'x'.repeat(10_000) } }));
    const unread = await look(script('process.exit(0)'), large);
    expect(new Set(Object.values(unread.found))).toEqual(new Set(['no answer']));
  });
});

describe('a program that crashes', () => {
  // Its output is lost, as with a program that writes in blocks.
  const buffered = (bad: readonly string[]) => `${READ_ALL}
    const bad = requests.find(({ address }) => ${JSON.stringify(bad)}.includes(address));
    if (bad) { console.error('first'); console.error('cannot do ' + bad.address); process.exit(3); }
    requests.forEach(say);`;

  test.each([1, 4])('fails only the resource that crashes it (%i at a time)', async (concurrency) => {
    const { found } = await look(script(buffered(['t.r13']), { concurrency }), some(40));
    expect(found).toEqual({ ...same(40), 't.r13': 'exited with 3: cannot do t.r13' });
  });

  test('on several resources fails those', async () => {
    const { found } = await look(script(buffered(['t.r0', 't.r7', 't.r39'])), some(40), { size: 10 });
    expect(found).toEqual({
      ...same(40),
      't.r0': 'exited with 3: cannot do t.r0',
      't.r7': 'exited with 3: cannot do t.r7',
      't.r39': 'exited with 3: cannot do t.r39',
    });
  });

  test('keeps its earlier answers, and is not asked for them again', async () => {
    const log = join(scratchFolder(), 'log');
    const source = script(
      `${READ_EACH} await each((request) => {
        appendFileSync(${JSON.stringify(log)}, request.address + '\\n');
        if (request.address === 't.r5') process.kill(process.pid, 'SIGKILL');
        say(request);
      });`,
      { concurrency: 1 },
    );
    const { found } = await look(source, some(10));
    expect(found).toEqual({ ...same(10), 't.r5': 'was ended by SIGKILL' });
    const asked = readFileSync(log, 'utf8').trim().split('\n');
    expect(asked.filter((address) => address === 't.r4')).toHaveLength(1);
  });

  test('on many resources is not given up while it answers others', async () => {
    const command = `input=$(cat); case "$input" in *'"bad":true'*) exit 1;; esac; printf '%s\\n' "$input"`;
    const resources = some(50).map((one, n) => ({ ...one, properties: { n, bad: n % 2 === 0 } }));
    const { found } = await look(execSource(command, { shell: true }), resources);
    expect(found).toEqual(
      Object.fromEntries(
        resources.map(({ address, properties }) => [address, properties.bad ? 'exited with 1' : properties]),
      ),
    );
  });

  test('on every resource is given up', async () => {
    const log = join(scratchFolder(), 'log');
    const source = execSource(`printf . >> ${log}; exit 1`, { shell: true, concurrency: 1 });
    const { found } = await look(source, some(1_000));
    const errors = Object.values(found);
    expect(errors.filter((error) => error === 'exited with 1')).toHaveLength(16);
    expect(errors.filter((error) => String(error).startsWith('not asked for: '))).toHaveLength(984);
    expect(readFileSync(log, 'utf8').length).toBeLessThan(60);
  });
});

describe('a program that does not end', () => {
  test('is ended after the time limit, and its answers count', async () => {
    const source = execSource('read -r line; echo "$line"; sleep 300', {
      shell: true,
      concurrency: 1,
      timeoutMs: 2_500,
    });
    const { found } = await look(source, some(2));
    expect(found).toEqual({ 't.r0': { n: 0 }, 't.r1': 'no answer within 2500 ms' });
  });

  test('is killed if it ignores SIGTERM, with its child processes', async () => {
    const pids = join(scratchFolder(), 'pids');
    // The shell waits for its child, which keeps the output open.
    const source = execSource(`trap '' TERM; sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 1; done'; :`, {
      shell: true,
      timeoutMs: 2_000,
    });
    const { found } = await look(source, some(1));
    expect(found).toEqual({ 't.r0': 'no answer within 2 s' });
    const child = Number(readFileSync(pids, 'utf8'));
    await eventually(() => !isAlive(child));
  });

  test('ends when the check is aborted', async () => {
    const pids = join(scratchFolder(), 'pids');
    const source = script(
      `${READ_EACH} appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n'); setInterval(() => {}, 1000);`,
    );
    const stop = new AbortController();
    const looking = look(source, some(8), { signal: stop.signal });
    await eventually(() => existsSync(pids) && readFileSync(pids, 'utf8').split('\n').length === 5);
    stop.abort(new Error('enough'));
    await expect(looking).rejects.toThrow('enough');
    expect(readFileSync(pids, 'utf8').trim().split('\n').map(Number).filter(isAlive)).toEqual([]);
  });

  test('ends when the consumer stops', async () => {
    const pids = join(scratchFolder(), 'pids');
    const source = script(
      `${READ_ALL} appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n'); say(requests[0]); setInterval(() => {}, 1000);`,
    );
    for await (const _ of source.observe(pages(some(1)))) break;
    expect(readFileSync(pids, 'utf8').trim().split('\n').map(Number).filter(isAlive)).toEqual([]);
  });

  test('ends with the only run, when its consumer stops', async () => {
    const pids = join(scratchFolder(), 'pids');
    const program = { file: `echo $$ > ${pids}; head -n 1; sleep 300; :`, args: [], shell: true, timeoutMs: 300_000 };
    for await (const _ of ask(program, some(1), {})) break;
    expect(isAlive(Number(readFileSync(pids, 'utf8')))).toBe(false);
  });

  test.each<[string, number | null, string | null]>([
    ['process.exit(7)', 7, null],
    ["process.kill(process.pid, 'SIGTERM')", null, 'SIGTERM'],
    ["throw new Error('a bug')", 1, null],
  ])('ends when our process ends by %s', async (how, exitCode, signal) => {
    const folder = scratchFolder();
    const pids = join(folder, 'pids');
    const program = join(folder, 'hangs.mjs');
    writeFileSync(
      program,
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pids)}, process.pid + '\\n'); setInterval(() => {}, 1000);`,
    );
    const main = join(folder, 'main.mjs');
    writeFileSync(
      main,
      `import { existsSync } from 'node:fs';
        import { execSource } from ${JSON.stringify(new URL('../../dist/drift/index.js', import.meta.url).href)};
        const source = execSource(${JSON.stringify(`"${process.execPath}" ${program}`)});
        setInterval(() => { if (existsSync(${JSON.stringify(pids)})) { ${how}; } }, 20);
        const page = [{ address: 'a.b', id: 'i', module: '', type: 'a', name: 'b', properties: {}, metadata: {} }];
        for await (const _ of source.observe((async function* () { yield page; })()));`,
    );
    const ours = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'pipe'] });
    expect(await once(ours, 'exit')).toEqual([exitCode, signal]);
    const child = Number(readFileSync(pids, 'utf8'));
    await eventually(() => !isAlive(child));
  });
});
