// What the benchmark server-hostile sends, over and over, while 50 clients work. A case is a row: a name and a request.

const MEBIBYTE = 1_048_576;
const repeat = (text, size) => text.repeat(Math.ceil(size / text.length));
const lines = (line, size) => {
  const all = [];
  for (let total = 0; total < size; total += all.at(-1).length) all.push(line(all.length));
  return all.join('');
};
const command = (name, body, type = 'createStack') => ({
  name,
  method: 'POST',
  path: `/api/v1/commands/${type}`,
  body,
});
const yaml = (name, body) => ({
  name: `YAML: ${name}`,
  method: 'POST',
  path: '/api/v1/stacks/hostile/desired-state',
  headers: { 'content-type': 'application/yaml' },
  body,
});
const state = (name, body) => ({ name: `state: ${name}`, method: 'POST', path: '/tfstate/hostile', body });

const big = 15 * MEBIBYTE;
const small = MEBIBYTE - 100;

/** `body` makes a text of ASCII characters; `token` names whose it is sent with: admin by default. */
export const CASES = [
  { name: 'nothing' },
  yaml('keys of one map', () => lines((n) => `k${n}: 1\n`, small)),
  yaml('anchors and aliases', () => lines((n) => `- &a${n} x\n- *a${n}\n`, small)),
  yaml('a bomb of aliases', () => lines((n) => `a${n}: &a${n} [${Array(9).fill(n ? `*a${n - 1}` : 'lol')}]\n`, 4_000)),
  yaml('closing brackets', () => repeat('}\n', small)),
  yaml('lists in lists', () => repeat('[', small)),
  yaml('values', () => repeat('- 1\n', small)),
  command('JSON: 15 MiB of blanks', () => `{${repeat(' ', big)}}`),
  command('JSON: 15 MiB of [', () => repeat('[', big)),
  command('JSON: 15 MiB of values', () => `{"x":[${repeat('[],', big)}1]}`),
  command('JSON: 15 MiB of numbers kept as text', () => `{"x":[${repeat('1.0,', big)}1]}`),
  command('JSON: 15 MiB, not a command', () => `{"x":"${repeat('x', big)}"}`),
  command(
    'JSON: 4 MiB, a command for no stack',
    () =>
      `{"stack":"none","resources":[{"type":"t","name":"n","properties":{"x":[${repeat('1.0,', 4 * MEBIBYTE)}1]}}]}`,
    'apply',
  ),
  state('52 MB of [', () => repeat('[', 52_000_000)),
  state('52 MB of blanks', () => `{"version":4,${repeat(' ', 52_000_000)}}`),
  state('52 MB of values', () => `{"version":3,"x":[${repeat('{},', 52_000_000)}1]}`),
  { ...state('52 MB by a token that only reads', () => repeat(' ', 52_000_000)), token: 'read' },
];
