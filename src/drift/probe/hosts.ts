import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { InvalidInputError } from '../../lib/errors.js';
import { shellWord } from '../../lib/shell-word.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** One `--probe-host`. */
interface Rule {
  /** `example.com`, `*.example.com`; undefined for addresses. */
  readonly name: string | undefined;
  readonly range: readonly [Address, number] | undefined;
  /** Undefined: the default ports of http and https. */
  readonly port: number | undefined;
}

/** Classified as public, but answered by the host of a virtual machine on Azure, with data of that machine. */
const METADATA = ['168.63.129.16'];
/** All addresses assigned for use on the Internet; special ranges that ipaddr.js knows are excluded by their class. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * The allowed hosts: a name, a name below a domain (`*.example.com`), an address, or a range of addresses, each with a port
 * or else with the ports 80 and 443. An address that is not public (loopback, private, link-local, one of a cloud's
 * metadata, one that embeds another address …) is connected to only if it is allowed itself, whatever name resolved to it.
 * `localhost` allows loopback addresses for that name.
 */
export class AllowedHosts {
  readonly #rules: readonly Rule[];

  /** @throws InvalidInputError `PROBE_HOST_INVALID` */
  constructor(hosts: readonly string[]) {
    this.#rules = hosts.map(ruleOf);
  }

  /** Whether the host and port of a URL are allowed. The address of a name is checked separately. */
  mayAsk(url: URL): boolean {
    const host = hostOf(url);
    const address = addressOf(host);
    return this.#rules.some((rule) => (address ? isInRange(rule, address) : isNamed(rule, host)) && hasPort(rule, url));
  }

  /** Whether an allowed URL may be connected to at an address. */
  mayConnect(url: URL, text: string): boolean {
    const address = addressOf(text);
    if (!address) return false;
    const isLocal = hostOf(url) === 'localhost' && address.range() === 'loopback';
    return (
      isPublic(address) ||
      this.#rules.some(
        (rule) => hasPort(rule, url) && (isInRange(rule, address) || (isLocal && rule.name === 'localhost')),
      )
    );
  }
}

/** The host of a URL, without the brackets of IPv6 and the trailing dot. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$|\.$/g, '');

export const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80));

/** The host and port as an argument of `--probe-host`, quoted for a shell. */
export const allowing = (host: string, url: URL): string =>
  `allow it with --probe-host ${shellWord(`${isIPv6(host) ? `[${host}]` : host}:${portOf(url)}`)}`;

/** An IPv4-mapped IPv6 address as IPv4 address. */
const addressOf = (text: string): Address | undefined => (isIP(text) === 0 ? undefined : ipaddr.process(text));

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_UNICAST) : !METADATA.includes(address.toString());
}

const isInRange = ({ range }: Rule, address: Address): boolean =>
  range !== undefined && range[0].kind() === address.kind() && address.match(range as [never, number]);

const isNamed = ({ name }: Rule, host: string): boolean =>
  name !== undefined && (name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name);

const hasPort = ({ port }: Rule, url: URL): boolean =>
  port === undefined ? [80, 443].includes(portOf(url)) : port === portOf(url);

/** `example.com`, `*.example.com:8443`, `127.0.0.1:8080`, `10.0.0.0/8`, `[fd00::]/8:80`. */
const HOST =
  /^(?:\[(?<v6>[\da-f:.]+)\]|(?<below>\*\.)?(?<host>[^\s*:/?#@[\]\\]+))(?:\/(?<bits>\d{1,3}))?(?::(?<port>\d{1,5}))?$/i;

function ruleOf(text: string): Rule {
  const [bare = '', bits] = text.split('/');
  const written = isIPv6(bare) ? `[${bare}]${bits === undefined ? '' : `/${bits}`}` : text;
  const parts = HOST.exec(written)?.groups;
  const rule = parts && build(parts);
  if (rule) return rule;
  throw new InvalidInputError('PROBE_HOST_INVALID', `--probe-host: "${text}" is not a host that can be allowed`, {
    hint: 'Give a host and no URL: example.com, *.example.com, example.com:8443, 127.0.0.1:8080, [::1]:80 or 10.0.0.0/8.',
    details: { field: 'probe-host', value: text },
  });
}

function build({ v6, below = '', host, bits, port: digits }: Record<string, string | undefined>): Rule | undefined {
  const written = `http://${v6 === undefined ? host : `[${v6}]`}/`;
  if (!URL.canParse(written)) return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  if (port === 0 || (port ?? 0) > 65_535) return undefined;
  const name = hostOf(new URL(written));
  const address = addressOf(name);
  if (!address) return bits === undefined && name !== '' ? { name: below + name, range: undefined, port } : undefined;
  const length = address.kind() === 'ipv4' ? 32 : 128;
  if (below !== '' || Number(bits ?? 0) > length) return undefined;
  return { name: undefined, range: [address, Number(bits ?? length)], port };
}
