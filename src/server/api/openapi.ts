import type * as z from 'zod';
import { groupBy } from '../../lib/group-by.js';
import type { Body } from '../bodies/limits.js';
import type { Route } from './route.js';
import { jsonSchema } from './schema.js';

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457. `code` is stable and meant for programs; `hint` is the next step.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    hint: { type: 'string' },
    details: { type: 'object' },
  },
};

const HEADERS = [
  {
    name: 'If-Match',
    in: 'header',
    description: 'The required version of the stack, as in ETag: `"12"`. `"0"`: the stack must not exist.',
    schema: { type: 'string', pattern: '^"\\d{1,15}"$' },
  },
  {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The id of the command. A command that is repeated with it changes nothing and returns its first receipt.',
    schema: { type: 'string', maxLength: 128 },
  },
];

/** The OpenAPI 3.1 document of a table of routes. */
export const openApi = (routes: readonly Route[], prefix: string, maxBody: number) => ({
  openapi: '3.1.0',
  info: {
    title: 'sloth-runner state engine',
    version: '1.0.0',
    description:
      'The state of infrastructure stacks. The documents are those that the command line prints with --output json.',
  },
  servers: [{ url: prefix }],
  security: [{ bearer: [] }, { basic: [] }, {}],
  paths: Object.fromEntries(
    [...groupBy(routes, ({ path }) => path)].map(([path, all]) => [
      path,
      Object.fromEntries(all.map((one) => [one.method.toLowerCase(), operation(one, maxBody)])),
    ]),
  ),
  components: {
    schemas: { Problem: PROBLEM },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      basic: { type: 'http', scheme: 'basic', description: 'Any user name; the token is the password.' },
    },
  },
});

const operation = (route: Route, maxBody: number) => {
  const { path, method, summary, role, scope, query, body, answer, media, isCommand, refusals } = route;
  const hasBody = Object.keys(body).length > 0;
  const busy = [refusals?.[503], hasBody ? 'TOO_BUSY: the bodies in flight reach their limit' : undefined];
  const unavailable = busy.filter((text) => text !== undefined).join('; ');
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z]+(.)?/g, (_, letter: string = '') => letter.toUpperCase())}`,
    summary,
    description: `Needs the role ${role}${scope === 'all' ? ', and a token that reaches all stacks' : ''}.`,
    parameters: [...pathParameters(path), ...queryParameters(query), ...(isCommand ? HEADERS : [])],
    ...(hasBody ? { requestBody: { content: mapValues(body, (one) => contentOf(one, maxBody)) } } : {}),
    responses: {
      200: { description: answer, content: { [media ?? 'application/json']: { schema: {} } } },
      429: refusal(
        refusals?.[429] ?? 'TOO_MANY_FAILURES: the token is wrong, and so were ten before it from this address',
      ),
      ...(unavailable === '' ? {} : { 503: refusal(unavailable) }),
      default: problem('A problem'),
    },
  };
};

/** `x-max-bytes`: a larger body is refused with 413. */
const contentOf = ({ schema, maxBytes }: Body, maxBody: number) => ({
  schema,
  'x-max-bytes': maxBytes === 'max-body' ? maxBody : maxBytes,
});

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const refusal = (description: string) => ({
  ...problem(description),
  headers: { 'Retry-After': { description: 'Seconds to wait before another attempt', schema: { type: 'integer' } } },
});

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: name === 'stack' ? 'Name or id of a stack' : 'Address or id of a resource',
    schema: { type: 'string' },
  }));

function queryParameters(query: z.ZodObject) {
  const { properties = {}, required = [] } = jsonSchema(query) as {
    properties?: Readonly<Record<string, { readonly description?: string }>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

const mapValues = <V, W>(object: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
