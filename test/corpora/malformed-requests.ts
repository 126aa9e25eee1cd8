/** A request that no careful client sends, or that two servers read differently. */
export interface Malformed {
  readonly name: string;
  readonly bytes: Buffer;
  /** The stack that the hidden request would make; it is a request of its own where it `isLegal`. */
  readonly hidden: string;
  /**
   * `pipelined`: the hidden request is one of its own. `ambiguous`: the first request is refused, so nothing after it is read.
   * `odd`: a server may accept the first one; then the hidden request is one of its own, and is answered.
   */
  readonly kind: 'pipelined' | 'ambiguous' | 'odd';
}

const HEAD = 'Host: localhost\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

/** A whole request that makes a stack. */
const create = (name: string): string => {
  const body = JSON.stringify({ name });
  return `POST /api/v1/commands/createStack HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: ${body.length}\r\n\r\n${body}`;
};

/** Bodies of `{"action":"x"}` for the stack web. */
const BODY = '{"stack":"web","action":"x"}';
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const post = (headers: string, body: string, version = 'HTTP/1.1'): string =>
  `POST /api/v1/commands/recordActivity ${version}\r\n${HEAD}${JSON_TYPE}${headers}\r\n${body}`;
const get = (line: string, headers = HEAD): string => `${line}\r\n${headers}\r\n`;

type Make = (hidden: string) => string;
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const TE = 'Transfer-Encoding: chunked\r\n';

/** The first request is well formed and ends where the hidden one begins. */
const PIPELINED: Readonly<Record<string, Make>> = {
  'pipelined after GET': (hidden) => get('GET /healthz HTTP/1.1') + hidden,
  'pipelined after a body': (hidden) => post(LENGTH, BODY) + hidden,
  'pipelined after chunks': (hidden) => post(TE, CHUNKED) + hidden,
  'pipelined after chunks with trailers': (hidden) =>
    post(TE, `${BODY.length.toString(16)};a=b\r\n${BODY}\r\n0\r\nX-Trailer: x\r\n\r\n`) + hidden,
  'pipelined after a chunk with zeros in its size': (hidden) => post(TE, `0000000000000000${CHUNKED}${hidden}`),
  'pipelined after empty lines': (hidden) => `\r\n\r\n${get('GET /healthz HTTP/1.1')}${hidden}`,
  'pipelined after 404': (hidden) => get('GET /nothing HTTP/1.1') + hidden,
  'pipelined after 400': (hidden) => post('Content-Length: 1\r\n', '{') + hidden,
  'pipelined after HEAD': (hidden) => get('HEAD /healthz HTTP/1.1') + hidden,
  'pipelined after 100-continue': (hidden) =>
    post(`Content-Length: ${BODY.length}\r\nExpect: 100-continue\r\n`, BODY) + hidden,
};

const AMBIGUOUS: Readonly<Record<string, Make>> = {
  'length and chunked': (hidden) => post(`Content-Length: ${hidden.length + 5}\r\n${TE}`, `0\r\n\r\n${hidden}`),
  'chunked and length': (hidden) => post(`${TE}Content-Length: 5\r\n`, `0\r\n\r\n${hidden}`),
  'two lengths': (hidden) => post(`${LENGTH}Content-Length: ${BODY.length + hidden.length}\r\n`, BODY + hidden),
  'two lengths, the other way': (hidden) =>
    post(`Content-Length: ${BODY.length + hidden.length}\r\n${LENGTH}`, BODY + hidden),
  'two equal lengths': (hidden) => post(LENGTH + LENGTH, BODY + hidden),
  'a list of lengths': (hidden) => post(`Content-Length: ${BODY.length}, ${BODY.length}\r\n`, BODY + hidden),
  ...Object.fromEntries(
    ['+28', '-1', '0x1c', '28a', '2 8', '', ' ', '1e1', '28,', '99999999999999999999', '18446744073709551644'].map(
      (length) => [
        `length ${JSON.stringify(length)}`,
        (hidden: string) => post(`Content-Length: ${length}\r\n`, BODY + hidden),
      ],
    ),
  ),
  ...Object.fromEntries(
    [
      'xchunked',
      'chunked, identity',
      'identity, chunked',
      'identity',
      'chunked, chunked',
      'chunkedx',
      '"chunked"',
      'chunked;q=1',
      'gzip, chunked',
      'gzip',
      ',chunked',
      'chunked,',
      '\x0bchunked',
      'chunked\x00',
      'chun\tked',
      '\r\n chunked',
      'CHUNKED ',
      'x\r\nTransfer-Encoding: chunked',
    ].map((coding) => [
      `coding ${JSON.stringify(coding)}`,
      (hidden: string) => post(`Transfer-Encoding: ${coding}\r\nContent-Length: 5\r\n`, `0\r\n\r\n${hidden}`),
    ]),
  ),
  ...Object.fromEntries(
    [
      'Transfer-Encoding : chunked',
      ' Transfer-Encoding: chunked',
      'Transfer-Encoding\t: chunked',
      'Transfer-Encoding\0: chunked',
      'X: y\nTransfer-Encoding: chunked',
      'X: y\rTransfer-Encoding: chunked',
      'Transfer-Encoding:\n chunked',
      '\xffTransfer-Encoding: chunked',
      'Transfer-Encoding',
      'Transfer-Encoding=chunked',
      'Content-Length : 0',
      'Content-Length\0: 0',
      ': x',
      '\0',
      'X: a\0b',
      'X y: z',
    ].map((header) => [
      `header ${JSON.stringify(header)}`,
      (hidden: string) => post(`${header}\r\nContent-Length: ${hidden.length + 5}\r\n`, `0\r\n\r\n${hidden}`),
    ]),
  ),
  ...Object.fromEntries(
    [
      '0x1c',
      '+1c',
      '-1',
      '1c ',
      ' 1c',
      '1c\t',
      '1c;',
      '1c;\n',
      '1c\n',
      '1c\r',
      'g',
      '',
      '1_c',
      '10000000000000001c',
      'ffffffffffffffff',
      '1c;a="\r\n"',
    ].map((size) => [
      `chunk size ${JSON.stringify(size)}`,
      (hidden: string) => post(TE, `${size}\r\n${BODY}\r\n0\r\n\r\n${hidden}`),
    ]),
  ),
  'chunk longer than its size': (hidden) => post(TE, `5\r\n${BODY}\r\n0\r\n\r\n${hidden}`),
  'chunk without its end': (hidden) => post(TE, `1c\r\n${BODY}0\r\n\r\n${hidden}`),
  'chunk ended by LF': (hidden) => post(TE, `1c\r\n${BODY}\n0\r\n\r\n${hidden}`),
  'chunks ended by LF': (hidden) => post(TE, `1c\n${BODY}\n0\n\n${hidden}`),
  'last chunk with a wrong end': (hidden) => post(TE, `1c\r\n${BODY}\r\n0\r\nXX${hidden}`),
  'trailer with a length': (hidden) => post(TE, `1c\r\n${BODY}\r\n0\r\nContent-Length: 99\r\nX\0: y\r\n\r\n${hidden}`),
  'chunks in HTTP/1.0': (hidden) => post(TE, CHUNKED + hidden, 'HTTP/1.0'),
  'obs-fold': (hidden) => post(`X: a\r\n b\r\nContent-Length: ${BODY.length}\r\n`, BODY + hidden),
  'folded length': (hidden) => post(`Content-Length:\r\n ${BODY.length}\r\n`, BODY + hidden),
  'bare LF': (hidden) => post('', '').replaceAll('\r\n', '\n') + hidden,
  'bare LF between headers': (hidden) => `GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n${hidden}`,
  'bare CR between headers': (hidden) => `GET /healthz HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n${hidden}`,
  'blank before the headers': (hidden) => `GET /healthz HTTP/1.1\r\n X: y\r\n${HEAD}\r\n${hidden}`,
};

/** Where the first request ends is clear; what it means is not. */
const ODD: Readonly<Record<string, Make>> = {
  // No body is read where none is taken: the answer closes the connection, so what follows is not carried out.
  'after a GET with a body': (hidden) => `${get('GET /healthz HTTP/1.1', `${HEAD}Content-Length: 1\r\n`)}x${hidden}`,
  'a header that is like Transfer-Encoding': (hidden) =>
    post(`Transfer_Encoding: chunked\r\nContent-Length: ${hidden.length + 5}\r\n`, `0\r\n\r\n${hidden}`),
  'connection: close': (hidden) => get('GET /healthz HTTP/1.1', `${HEAD}Connection: close\r\n`) + hidden,
  'HTTP/1.0': (hidden) => get('GET /healthz HTTP/1.0') + hidden,
  'an If-Match after 2,500 headers': (hidden) =>
    post(`${'X: y\r\n'.repeat(2_500)}If-Match: "999"\r\n${LENGTH}`, BODY) + hidden,
  'no host': (hidden) => `GET /healthz HTTP/1.1\r\n\r\n${hidden}`,
  'two hosts': (hidden) => get('GET /healthz HTTP/1.1', `${HEAD}Host: evil.example\r\n`) + hidden,
  'two equal hosts': (hidden) => get('GET /healthz HTTP/1.1', HEAD + HEAD) + hidden,
  'a list of hosts': (hidden) => get('GET /healthz HTTP/1.1', 'Host: localhost, evil.example\r\n') + hidden,
  'host with a path': (hidden) => get('GET /healthz HTTP/1.1', 'Host: localhost/x\r\n') + hidden,
  'host with a user': (hidden) => get('GET /healthz HTTP/1.1', 'Host: localhost@evil.example\r\n') + hidden,
  'absolute target of another host': (hidden) => get('GET http://evil.example/healthz HTTP/1.1') + hidden,
  'absolute target': (hidden) => get('GET http://localhost/healthz HTTP/1.1') + hidden,
  'authority target': (hidden) => get('CONNECT localhost:80 HTTP/1.1') + hidden,
  asterisk: (hidden) => get('OPTIONS * HTTP/1.1') + hidden,
  'upgrade to a web socket': (hidden) =>
    get(
      'GET /healthz HTTP/1.1',
      `${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`,
    ) + hidden,
  'upgrade to h2c': (hidden) =>
    get(
      'GET /healthz HTTP/1.1',
      `${HEAD}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`,
    ) + hidden,
  'preface of HTTP/2': (hidden) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0${hidden}`,
  'expect something else': (hidden) => post(`Expect: 200-ok\r\n${LENGTH}`, BODY + hidden),
  'connection names the length': (hidden) => post(`Connection: content-length\r\n${LENGTH}`, BODY + hidden),
  'body where none is declared': (hidden) => `${get('DELETE /api/v1/stacks HTTP/1.1')}x${hidden}`,
  TLS: (hidden) => `\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${hidden}`,
  'nothing but NUL': (hidden) => `\0\0\0\0${hidden}`,
  SSH: (hidden) => `SSH-2.0-OpenSSH_9.2\r\n${hidden}`,
  'a proxy line': (hidden) => `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${hidden}`,
  'a target of 20 kB': (hidden) => get(`GET /${'a'.repeat(20_000)} HTTP/1.1`) + hidden,
  'a header of 100 kB': (hidden) => get('GET /healthz HTTP/1.1', `${HEAD}X: ${'a'.repeat(100_000)}\r\n`) + hidden,
  '5,000 headers': (hidden) => get('GET /healthz HTTP/1.1', HEAD + 'X: y\r\n'.repeat(5_000)) + hidden,
  'a method of 10 kB': (hidden) => get(`${'A'.repeat(10_000)} / HTTP/1.1`) + hidden,
  'garbage after a request': (hidden) => `${get('GET /healthz HTTP/1.1')}\x01\x02 garbage\r\n\r\n${hidden}`,
  ...Object.fromEntries(
    [
      'GET /healthz',
      'GET /healthz HTTP/9.9',
      'GET /healthz HTTP/1.2',
      'GET /healthz HTTP/1',
      'GET /healthz HTTP/1.1.1',
      'GET /healthz HTTP/11.1',
      'GET /healthz http/1.1',
      'GET  /healthz HTTP/1.1',
      'GET\t/healthz\tHTTP/1.1',
      'GET /healthz  HTTP/1.1',
      'GET /healthz HTTP/1.1 ',
      'GET /healthz HTTP/1.1 x',
      ' GET /healthz HTTP/1.1',
      'get /healthz HTTP/1.1',
      'GET healthz HTTP/1.1',
      'GET  HTTP/1.1',
      'GET HTTP/1.1',
      'GET /healthz\0 HTTP/1.1',
      'GET /healthz\x7f HTTP/1.1',
      'GET /\xff HTTP/1.1',
      'GET /a b HTTP/1.1',
      'G\0T /healthz HTTP/1.1',
      'GET /healthz HTTP/0.9',
      'GET /healthz HTTP/2.0',
      'GET /healthz HTTP/-1.1',
      'GET /healthz ICE/1.0',
      'SOURCE /healthz ICE/1.0',
      'GET /%zz HTTP/1.1',
      'GET /%2 HTTP/1.1',
      'GET /healthz#x HTTP/1.1',
      'GET //evil.example/%2e%2e HTTP/1.1',
      'GET \\healthz HTTP/1.1',
      'GET /healthz?\0 HTTP/1.1',
      'GET /tfstate/%00 HTTP/1.1',
      'FOO /healthz HTTP/1.1',
      'M-SEARCH * HTTP/1.1',
      'TRACE / HTTP/1.1',
      'HTTP/1.1 200 OK',
    ].map((line) => [`request line ${JSON.stringify(line)}`, (hidden: string) => get(line) + hidden]),
  ),
};

/** After which the connection is closed. */
const END = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

const all = (cases: Readonly<Record<string, Make>>, kind: Malformed['kind']): Malformed[] =>
  Object.entries(cases).map(([name, make], index) => {
    const hidden = `${kind}-${index}`;
    return { name, kind, hidden, bytes: Buffer.from(make(create(hidden)) + END, 'latin1') };
  });

export const REQUESTS: readonly Malformed[] = [
  ...all(PIPELINED, 'pipelined'),
  ...all(AMBIGUOUS, 'ambiguous'),
  ...all(ODD, 'odd'),
];

const MEANINGFUL = ['\r\n', '\r', '\n', '\0', ':', '\t', ' ', ',', ';', '0', '\xff'];

/** Requests in which single bytes are missing, others or more, as the HTTP garden makes them. Equal seeds make equal requests. */
export function mutatedRequests(count: number, seed: number): Malformed[] {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const makes = Object.values(PIPELINED);
  return Array.from({ length: count }, (_, index) => {
    const hidden = `mutated-${index}`;
    let text = makes[index % makes.length]?.(create(hidden)) ?? '';
    for (let left = 1 + below(3); left > 0; left -= 1) {
      const at = below(text.length);
      const piece = below(2) === 0 ? String.fromCharCode(below(256)) : (MEANINGFUL[below(MEANINGFUL.length)] as string);
      text = text.slice(0, at) + (below(3) === 0 ? '' : piece) + text.slice(at + below(2));
    }
    return { name: JSON.stringify(text), kind: 'odd', hidden, bytes: Buffer.from(text + END, 'latin1') };
  });
}
