import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { impactTable } from '../../../src/cli/present/graph.js';
import { graphDot } from '../../../src/cli/present/graph-dot.js';
import { graphMermaid } from '../../../src/cli/present/graph-mermaid.js';
import { graphTree } from '../../../src/cli/present/graph-tree.js';
import type { EdgeRecord, GraphView, Impact } from '../../../src/index.js';
import { graphJson, impactJson } from '../../../src/json/graph.js';
import { aStack } from '../../support/records.js';

/** A view of edges `[from, to]`, `[from, to, 'implicit']`; what is named `gone` is missing. */
function viewOf(
  edges: readonly (readonly [string, string, 'implicit'?])[],
  more: Partial<GraphView> & { readonly alone?: readonly string[] } = {},
): GraphView {
  const { alone = [], ...rest } = more;
  const records = edges.map(
    ([address, target, type]): EdgeRecord => ({
      address,
      target,
      type: type ?? 'explicit',
      path: type ? '$.p' : null,
    }),
  );
  const addresses = [...new Set([...records.flatMap(({ address, target }) => [address, target]), ...alone])].sort();
  return {
    stack: aStack(),
    version: 3,
    root: null,
    nodes: addresses.map((address) => {
      const missing = address.includes('gone');
      return { address, missing, type: missing ? null : 't', id: missing ? null : `id-${address}` };
    }),
    edges: records,
    order: addresses,
    cycles: [],
    ...rest,
  };
}

/** Without the colours that FORCE_COLOR would add. */
const tree = (...given: Parameters<typeof graphTree>): string => stripVTControlCharacters(graphTree(...given));

const WEB = viewOf(
  [
    ['app.web', 'db.main'],
    ['app.web', 'net.b', 'implicit'],
    ['db.main', 'net.a'],
    ['db.main', 'x.gone'],
    ['job.nightly', 'db.main'],
    ['net.a', 'vpc.main'],
    ['net.b', 'vpc.main'],
  ],
  { alone: ['t.alone'] },
);

describe('a graph as a tree', () => {
  test('begins where nobody depends, opens each once, and marks what is missing or implicit', () => {
    expect(tree(WEB)).toBe(
      `
app.web
├─ db.main
│  ├─ net.a
│  │  └─ vpc.main
│  └─ x.gone (missing)
└─ net.b (implicit)
   └─ vpc.main
job.nightly
└─ db.main … (shown above)
t.alone`.trimStart(),
    );
  });

  test('from a root, and the other way round', () => {
    const edges = [
      ['a.x', 'b.x'],
      ['b.x', 'd.x'],
      ['c.x', 'd.x', 'implicit'],
      ['a.x', 'c.x'],
    ] as const;
    expect(tree(viewOf(edges, { root: 'a.x' })).split('\n')).toEqual([
      'a.x',
      '├─ b.x',
      '│  └─ d.x',
      '└─ c.x',
      '   └─ d.x (implicit)',
    ]);
    expect(tree(viewOf(edges, { root: 'd.x' }), true).split('\n')).toEqual([
      'd.x',
      '├─ b.x',
      '│  └─ a.x',
      '└─ c.x (implicit)',
      '   └─ a.x',
    ]);
    // A root may be on a cycle.
    expect(
      tree(
        viewOf(
          [
            ['a.x', 'b.x'],
            ['b.x', 'a.x'],
          ],
          { root: 'b.x' },
        ),
      ).split('\n'),
    ).toEqual(['b.x', '└─ a.x', '   └─ b.x … (shown above)']);
  });

  test('comes to an end in a cycle, and names it', () => {
    const view = viewOf(
      [
        ['a.x', 'b.x'],
        ['b.x', 'c.x'],
        ['c.x', 'b.x'],
        ['y.a', 'y.a'],
      ],
      { order: null, cycles: [['b.x', 'c.x'], ['y.a']] },
    );
    expect(tree(view).split('\n')).toEqual([
      'a.x',
      '└─ b.x',
      '   └─ c.x',
      '      └─ b.x … (shown above)',
      'y.a',
      '└─ y.a … (shown above)',
      'Cycle: b.x → c.x → b.x',
      'Cycle: y.a → y.a',
    ]);
  });

  test('of nothing says so', () => {
    expect(tree(viewOf([]))).toBe('No resources.');
  });

  test('escapes what would move the cursor', () => {
    expect(tree(viewOf([['t.\u001b[2J', 't.\u202eb']]))).toBe('t.\\u001b[2J\n└─ t.\\u202eb');
  });

  test('begins anew at the margin where it gets too deep, so that a long chain is long and not wide', () => {
    const name = (n: number): string => `t.n${String(n).padStart(5, '0')}`;
    const links = Array.from({ length: 20_000 }, (_, n) => [name(n), name(n + 1)] as const);
    const lines = tree(viewOf(links)).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(200);
    expect(lines.slice(39, 43)).toEqual([
      `${'   '.repeat(38)}└─ t.n00039`,
      `${'   '.repeat(39)}└─ t.n00040 … (continued below)`,
      't.n00040 (continued)',
      '└─ t.n00041',
    ]);
    const named = lines.map((line) => /t\.n\d+/.exec(line)?.[0]);
    expect(new Set(named).size).toBe(20_001);
    expect(lines.filter((line) => line.includes('shown above'))).toEqual([]);
  });

  test('does not go on with what was opened elsewhere in the meantime', () => {
    const name = (n: number): string => `t.n${String(n).padStart(2, '0')}`;
    const chain = Array.from({ length: 42 }, (_, n) => [name(n), name(n + 1)] as const);
    const lines = tree(viewOf([...chain, ['u.x', name(40)]])).split('\n');
    expect(lines.slice(40)).toEqual([
      `${'   '.repeat(39)}└─ t.n40 … (continued below)`,
      'u.x',
      '└─ t.n40',
      '   └─ t.n41',
      '      └─ t.n42',
    ]);
  });

  test('has a line for each edge, however often they meet', () => {
    const layers = Array.from({ length: 30 }, (_, layer) =>
      Array.from({ length: 20 }, (_, n) => `t.${String(layer).padStart(2, '0')}-${String(n).padStart(2, '0')}`),
    );
    const edges = layers.flatMap((layer, index) =>
      layer.flatMap((from) => (layers[index + 1] ?? []).map((to) => [from, to] as const)),
    );
    expect(tree(viewOf(edges)).split('\n')).toHaveLength(20 + edges.length);
  });
});

/** Reads the subset of DOT that may be written; fails on anything else. Strings as Graphviz draws them. */
function readDot(text: string) {
  const tokens: string[] = [];
  const pattern = /\s*(?:("(?:[^"\\]|\\[\s\S])*")|(digraph|rankdir=LR|node|->|[{};]|\[[a-z=, ]+\]))/gy;
  for (let at = 0; text.slice(at).trim() !== ''; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const [, quoted, other] = pattern.exec(text) ?? [];
    if (quoted === undefined && other === undefined) throw new Error(`no DOT: ${text.slice(at, at + 40)}`);
    tokens.push(quoted ?? other ?? '');
  }
  const drawn = (quoted: string): string =>
    quoted.slice(1, -1).replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign));
  const next = (): string => tokens.shift() ?? '';
  const expectNext = (...all: string[]): void => {
    for (const one of all) expect(next()).toBe(one);
  };
  expectNext('digraph');
  const name = drawn(next());
  expectNext('{', 'rankdir=LR', ';', 'node', '[shape=box]', ';');
  const nodes: [string, string][] = [];
  const edges: [string, string, string][] = [];
  for (let first = next(); first !== '}'; first = next()) {
    const isEdge = tokens[0] === '->';
    if (isEdge) next();
    const target = isEdge ? next() : '';
    const style = tokens[0]?.startsWith('[') ? next() : '';
    if (isEdge) edges.push([drawn(first), drawn(target), style]);
    else nodes.push([drawn(first), style]);
    expectNext(';');
  }
  expect(tokens).toEqual([]);
  return { name, nodes, edges };
}

describe('a graph in DOT', () => {
  test('is boxes from left to right, dashed where implicit, red and dotted where missing', () => {
    expect(
      graphDot(
        viewOf([
          ['a.x', 'b.x'],
          ['a.x', 'x.gone', 'implicit'],
        ]),
      ),
    ).toBe(
      `
digraph "web" {
  rankdir=LR;
  node [shape=box];
  "a.x";
  "b.x";
  "x.gone" [style=dotted, color=red, fontcolor=red];
  "a.x" -> "b.x";
  "a.x" -> "x.gone" [style=dashed];
}`.trimStart(),
    );
  });

  test('keeps every name, whatever it holds', () => {
    const names = [
      't.n["k"]',
      't.back\\slash',
      't.ends with\\',
      't.ends with\\"',
      't.a\nb',
      't.a\\nb',
      't.\\N\\G',
      't.}; "x" -> "y" [shape=',
      't.<b>é資😀</b>',
    ];
    const view = viewOf(
      names.map((name) => [name, 't.\\'] as const),
      { stack: aStack({ name: 'my "stack"\\' }) },
    );
    const { name, nodes, edges } = readDot(graphDot(view));
    expect(name).toBe('my "stack"\\');
    expect(nodes.map(([address]) => address)).toEqual([...names, 't.\\'].sort());
    expect(edges).toEqual(names.map((from) => [from, 't.\\', '']));
  });

  test('holds no control characters', () => {
    expect(graphDot(viewOf([['t.\u001b[2J\u0000', 't.a']]))).not.toMatch(/(?!\n)\p{Cc}/u);
  });
});

describe('a graph in Mermaid', () => {
  test('is a flowchart from left to right', () => {
    expect(
      graphMermaid(
        viewOf([
          ['a.x', 'b.x'],
          ['a.x', 'x.gone', 'implicit'],
        ]),
      ),
    ).toBe(
      `
flowchart LR
  n0["a.x"]
  n1["b.x"]
  n2["x.gone"]:::missing
  n0 --> n1
  n0 -.-> n2
  classDef missing stroke:red,color:red,stroke-dasharray:2`.trimStart(),
    );
    expect(graphMermaid(viewOf([['a.x', 'b.x']]))).not.toContain('classDef');
  });

  test('keeps every name within its quotes', () => {
    const names = ['`t.md`', 't.#quot;', 't.&lt;', 't.<i>x</i>', 't.a\nb', 't.end', 't.n["k"]'];
    const lines = graphMermaid(viewOf([], { alone: names }))
      .split('\n')
      .slice(1);
    const shown = lines.map((line) => /^ {2}n\d+\["([^"&<>`\n]*)"\]$/.exec(line)?.[1] ?? line);
    const decoded = shown.map((text) =>
      text.replace(/#(\w+);/g, (_, code: string) => (code === 'quot' ? '"' : String.fromCharCode(Number(code)))),
    );
    expect(decoded).toEqual(names.map((name) => name.replace('\n', '\\n')).sort());
    expect(shown.join('')).not.toMatch(/#(?!quot;|\d+;)/);
  });
});

test('a graph in JSON', () => {
  expect(graphJson({ ...viewOf([['a.x', 'x.gone', 'implicit']]), order: null, cycles: [['a.x']] })).toEqual({
    stack_id: 'stack-1',
    version: 3,
    nodes: [
      { address: 'a.x', id: 'id-a.x', type: 't', missing: false },
      { address: 'x.gone', id: null, type: null, missing: true },
    ],
    edges: [{ from: 'a.x', to: 'x.gone', type: 'implicit', path: '$.p' }],
    order: null,
    cycles: [['a.x']],
  });
});

describe('an impact', () => {
  const impact: Impact = {
    stack: aStack(),
    version: 3,
    resource: 'vpc.main',
    affected: [
      { address: 'net.a', type: 'net', depth: 1, via: ['vpc.main'] },
      { address: 'db.\u001bmain', type: null, depth: 1, via: ['net.a', 'vpc.main'] },
    ],
  };

  test('is a table in the order in which a change reaches it', () => {
    expect(stripVTControlCharacters(impactTable(impact))).toBe(
      `
#  RESOURCE       TYPE  DEPTH  VIA
1  net.a          net       1  vpc.main
2  db.\\u001bmain            1  net.a, vpc.main`.trimStart(),
    );
    expect(impactTable({ ...impact, affected: [] })).toBe('Nothing depends on vpc.main.');
  });

  test('is exact in JSON', () => {
    expect(impactJson(impact)).toEqual({
      stack_id: 'stack-1',
      version: 3,
      resource: 'vpc.main',
      affected: impact.affected,
    });
  });
});
