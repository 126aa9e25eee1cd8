import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

process.env.RECHECK_BACKEND = 'pure'; // the same answer on every machine, without Java
const { checkSync } = createRequire(import.meta.url)('recheck') as typeof import('recheck');

const SRC = new URL('../../src/', import.meta.url).pathname;

interface Found {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

/**
 * Expressions that are not linear, and why what they see is short. Keep it short as well: most can be written so that they
 * are linear, or as a loop.
 */
const ALLOWED: Readonly<Record<string, string>> = {};

/** The initial values of the constants of a file. */
function constantsOf(file: ts.SourceFile): ReadonlyMap<string, ts.Expression> {
  const constants = new Map<string, ts.Expression>();
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      constants.set(node.name.text, node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return constants;
}

const literal = (text: string): readonly [source: string, flags: string] => {
  const end = text.lastIndexOf('/');
  return [text.slice(1, end), text.slice(end + 1)];
};

/** The text that an expression of constants stands for. @throws Error for anything else */
function textOf(node: ts.Expression, constants: ReadonlyMap<string, ts.Expression>): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isRegularExpressionLiteral(node)) return literal(node.text)[0];
  if (ts.isTemplateExpression(node)) {
    return (
      node.head.text + node.templateSpans.map((span) => textOf(span.expression, constants) + span.literal.text).join('')
    );
  }
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'source') return textOf(node.expression, constants);
  if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp' && node.arguments?.[0]) {
    return textOf(node.arguments[0], constants);
  }
  const value = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  if (value) return textOf(value, constants);
  throw new Error(
    `a regular expression must be made of constants of its file or of lib/text.ts, not of ${node.getText()}`,
  );
}

const parsed = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(join(SRC, path), 'utf8'), ts.ScriptTarget.Latest, true);

const SHARED = constantsOf(parsed('lib/text.ts'));

/** Every regular expression of a file: literals, `new RegExp`, `RegExp()`, and texts that a method of strings compiles. */
function expressionsOf(path: string): Found[] {
  const file = parsed(path);
  const constants = new Map([...SHARED, ...constantsOf(file)]);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    const where = `${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) {
      const [source, flags] = literal(node.text);
      found.push({ where, source, flags });
    } else if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp') {
      const [pattern, flags] = node.arguments ?? [];
      if (!pattern) throw new Error(`${where}: RegExp of nothing`);
      const isCopy = !flags && ts.isIdentifier(pattern); // of a literal, with its flags
      if (!isCopy)
        found.push({ where, source: textOf(pattern, constants), flags: flags ? textOf(flags, constants) : '' });
    } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [pattern] = node.arguments;
      const compiles = ['match', 'matchAll', 'search'].includes(node.expression.name.text);
      if (compiles && pattern && ts.isStringLiteralLike(pattern)) {
        found.push({ where, source: textOf(pattern, constants), flags: '' });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What it cannot prove, for there are lookarounds, it tries: so much is tried that the examples below are found. */
const PARAMETERS = {
  timeout: 50_000,
  randomSeed: 1,
  incubationLimit: 5_000,
  maxInitialGenerationSize: 200,
  maxGenerationSize: 50,
  maxIteration: 2,
};

/** Without a repetition that has no end, an expression looks at so many characters and no more. */
const repeats = (source: string): boolean =>
  /[*+]|\{\d*,\}/.test(source.replaceAll(/\\./g, '').replaceAll(/\[[^\]]*\]/g, ''));

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const ALL = FILES.flatMap(expressionsOf);
const DISTINCT = [...new Map(ALL.map((one) => [`/${one.source}/${one.flags}`, one])).entries()];

describe('regular expressions', () => {
  it('are found in the source', () => {
    expect(ALL.length).toBeGreaterThan(100);
    expect(ALL.map(({ where }) => where)).toContainEqual(expect.stringMatching(/^commands\/references\.ts/));
  });

  it.each(DISTINCT.filter(([, { source }]) => repeats(source)))(
    '%s takes time that grows with the text',
    (name, { where, source, flags }) => {
      const { status } = checkSync(source, flags, PARAMETERS);
      if (name in ALLOWED) expect(status, `${where}: take it out of ALLOWED`).not.toBe('safe');
      else expect(status, where).toBe('safe');
    },
  );

  it('that are allowed exist, with a reason', () => {
    for (const [name, why] of Object.entries(ALLOWED)) {
      expect(DISTINCT.map(([text]) => text)).toContain(name);
      expect(why.length).toBeGreaterThan(20);
    }
  });

  it.each([
    ['polynomial', /(?<!x)[ab]+[bc]+$/],
    ['exponential', /(?<!x)(?:a|a)+$/],
    ['polynomial', /[ \t]+$/],
    ['polynomial', / \(deposed [^)]*\)$/],
    ['exponential', /^(?:a+)+$/],
  ])('that are %s are recognized: %s', (type, { source, flags }) => {
    expect(checkSync(source, flags, PARAMETERS)).toMatchObject({ status: 'vulnerable', complexity: { type } });
  });
});
