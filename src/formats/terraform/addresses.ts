import { withoutRemark } from '../../events/index.js';
import type { BlockIdentity, TerraformInstance } from './format.js';

/**
 * Characters that Go's `unicode.IsPrint` accepts: letters, marks, numbers, punctuation, symbols, and of spaces only the
 * plain one.
 */
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' };
const PLAIN: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

type Key = TerraformInstance['index_key'];

/** Quotes a text as Terraform does in addresses: an HCL string (`toHCLQuotedString`, internal/addrs/instance_key.go). */
function quoted(text: string): string {
  const escaped = Array.from(text, (char) => {
    if (ESCAPES[char] !== undefined) return ESCAPES[char];
    if (PRINTABLE.test(char)) return char;
    const code = (char.codePointAt(0) as number).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  }).join('');
  return `"${escaped.replace(/([$%])(?=\{)/g, '$1$1')}"`;
}

const unquoted = (inner: string): string =>
  inner.replace(
    /\\(?:u(\p{AHex}{4})|U(\p{AHex}{8})|(.))|([$%])\4\{/gu,
    (_, short?: string, long?: string, char?: string, sign?: string) => {
      if (sign !== undefined) return `${sign}{`;
      if (char !== undefined) return PLAIN[char] ?? char;
      return String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16));
    },
  );

/** From resource type and mode: `aws_vpc`, `data.aws_ami`, so that our addresses are equal to Terraform's own. */
export const typeName = ({ mode, type }: Pick<BlockIdentity, 'mode' | 'type'>): string =>
  mode === 'managed' ? type : `${mode}.${type}`;

/** `web`, `web[0]`, `web["a"]`, as Terraform writes it; the name of a deposed object contains its key. */
export function instanceName(name: string, { index_key: key = null, deposed = null }: TerraformInstance): string {
  const index = key === null ? '' : `[${typeof key === 'number' ? key : quoted(key)}]`;
  return `${name}${index}${deposed === null ? '' : ` (deposed ${deposed})`}`;
}

const KEY = /\[(?:(\d{1,15})|"((?:[^"\\]|\\(?:[nrt"\\]|u\p{AHex}{4}|U00(?:0\p{AHex}|10)\p{AHex}{4}))*)")\]$/u;

/** The name and key from which {@link instanceName} makes this; if it does not have that form, all of it is the name. */
export function splitName(name: string): { readonly name: string; readonly key?: NonNullable<Key> } {
  const found = KEY.exec(name);
  if (!found || found.index === 0) return { name };
  const [, number, text] = found;
  return { name: name.slice(0, found.index), key: text === undefined ? Number(number) : unquoted(text) };
}

/**
 * The form that Terraform reads in `dependencies`: a resource, without an instance key. It refuses a state with a key there.
 */
export const withoutKey = (address: string): string =>
  withoutRemark(address, ' (deposed ').replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]$/, '');
