import * as z from 'zod';
import type { CallOptions } from '../../api/options.js';
import { COMMANDS, type Command, type CommandType } from '../../commands/index.js';
import type { RunTask } from '../../formats/tasks.js';
import { receiptJson } from '../../json/receipt.js';
import { sha256 } from '../../lib/digest.js';
import { ConflictError, InvalidInputError } from '../../lib/errors.js';
import { isJsonObject, type Json, type JsonObject, sortKeys, stringifyJson } from '../../lib/json.js';
import { unpackJson } from '../../lib/packed-json.js';
import { parseInput } from '../../lib/parse-input.js';
import { bytesOf, runnerFor } from '../bodies/index.js';
import { COMMAND_BYTES, mediaTypeOf, YAML_BYTES } from '../bodies/limits.js';
import { sendProblem } from '../errors.js';
import { readJson } from '../json.js';
import { problemOf } from '../problem.js';
import { callOf, envelopeBody } from './call-options.js';
import { dryRun } from './dry-run.js';
import { flag, text } from './parameters.js';
import { type Call, type Route, route } from './route.js';
import { jsonSchema, schemaOfCommand } from './schema.js';

const withDryRun = { dry_run: flag().default(false).describe('only show what would change') };
type DryRun = { readonly dry_run: boolean };

const answer = 'A receipt; ETag is the version. With dry_run the planned changes';

/** Every command of the engine, under its type. The body contains its fields, and its envelope under `envelope`. */
const ofEngine: readonly Route[] = (Object.keys(COMMANDS) as CommandType[]).map((type) =>
  route({
    method: 'POST',
    path: `/commands/${type}`,
    role: 'write',
    scope: 'reachable',
    summary: `The command ${type}`,
    answer,
    query: z.strictObject(withDryRun),
    body: {
      'application/json': {
        schema: schemaOfCommand(COMMANDS[type].schema, jsonSchema(envelopeBody)),
        maxBytes: COMMAND_BYTES,
      },
    },
    isCommand: true,
    handle: async (call) => {
      const { envelope, ...fields } = await readFields(call, type);
      const command = { type, ...fields } as Command;
      const parsed = parseInput(envelopeBody.optional(), envelope, 'envelope');
      return carryOut(call, command, parsed);
    },
  }),
);

/** Documents that are commands: the state of another tool, and a desired state. */
const ofDocuments: readonly Route[] = [
  route({
    method: 'POST',
    path: '/stacks/{stack}/import',
    role: 'write',
    scope: 'stack',
    summary: 'Imports the state of another tool; creates the stack if it does not exist',
    answer,
    query: z.strictObject({
      from: z.enum(['terraform', 'pulumi'], 'must be terraform or pulumi'),
      force: flag().default(false).describe('accept a lower serial, an older deployment or another lineage'),
      allow_missing: flag().default(false).describe('allow dependencies on resources that it does not contain'),
      lock_id: text().optional().describe('the lock you hold on the stack'),
      reason: text(16_384).optional().describe('the reason, recorded with the version'),
      ...withDryRun,
    }),
    body: { 'application/json': { schema: {}, maxBytes: 'max-body' } },
    isCommand: true,
    handle: async (call) => {
      const { from, force, allow_missing: allowMissing } = call.query;
      const { stack = '' } = call.path;
      const document = bytesOf(call.request);
      const run = runnerFor(call.request, call.bodies);
      const options = { from, force, allowMissing, name: 'body', run };
      const command = await call.backend.importCommand(stack, document, options);
      return carryOut(call, command, { ...envelopeOf(call.query), content: contentOf(call, document) });
    },
  }),
  route({
    method: 'POST',
    path: '/stacks/{stack}/desired-state',
    role: 'write',
    scope: 'stack',
    summary: 'Changes a stack to the state that a document describes',
    answer,
    query: z.strictObject({
      prune: flag().default(false).describe('remove everything that it does not contain'),
      allow_missing: flag().default(false).describe('allow dependencies on resources that are not in the stack'),
      lock_id: text().optional().describe('the lock you hold on the stack'),
      reason: text(16_384).optional().describe('the reason, recorded with the version'),
      ...withDryRun,
    }),
    body: {
      'application/json': { schema: {}, maxBytes: COMMAND_BYTES },
      'application/yaml': { schema: {}, maxBytes: YAML_BYTES },
    },
    isCommand: true,
    handle: async (call) => {
      const { prune, allow_missing: allowMissing } = call.query;
      const { stack = '' } = call.path;
      const format = mediaTypeOf(call.request.headers['content-type']) === 'application/yaml' ? 'yaml' : 'json';
      const document = bytesOf(call.request);
      const run = runnerFor(call.request, call.bodies, format);
      const options = { prune, allowMissing, name: 'body', format, run } as const;
      const command = await call.backend.desiredStateCommand(stack, document, options);
      return carryOut(call, command, { ...envelopeOf(call.query), content: contentOf(call, document) });
    },
  }),
];

export const COMMAND_ROUTES: readonly Route[] = [...ofEngine, ...ofDocuments];

/** @throws InvalidInputError for a body that is not an object, or names another command than the path */
async function readFields({ request, bodies }: Call, type: CommandType): Promise<JsonObject> {
  const body = bytesOf(request);
  const fields = body.length === 0 ? {} : await read(body, type, runnerFor(request, bodies));
  if (isJsonObject(fields) && !Object.hasOwn(fields, 'type')) return fields;
  throw new InvalidInputError('INVALID_INPUT', "body: it must be an object of the command's fields, without its type", {
    hint: 'The path names the command; /api/v1/openapi.json lists its fields.',
    details: { field: 'body' },
  });
}

async function read(body: Uint8Array, type: CommandType, run: RunTask | undefined): Promise<Json> {
  if (!run) return readJson(body);
  const { output } = await run('command', body, { what: 'body', type, besides: ['envelope'] });
  return unpackJson(output);
}

const envelopeOf = ({
  lock_id,
  reason,
}: {
  readonly lock_id?: string | undefined;
  readonly reason?: string | undefined;
}) => ({
  ...(lock_id === undefined ? {} : { lockId: lock_id }),
  ...(reason === undefined ? {} : { reason }),
});

/** Two such requests with equal content are a repeated request, even if the second would produce a different command. */
const contentOf = ({ path, query }: Call<object>, document: Uint8Array): string => {
  const { lock_id: _, dry_run: __, ...fields } = query as Readonly<Record<string, Json>>;
  return sha256(stringifyJson(sortKeys({ path: { ...path }, query: fields, document: sha256(document) })));
};

async function carryOut(
  handled: Call,
  command: Command,
  envelope?: z.output<typeof envelopeBody> & Pick<CallOptions, 'content'>,
) {
  const { backend, request, reply, query } = handled;
  const call = callOf(request, handled.forceUnlock, envelope);
  try {
    if ((query as DryRun).dry_run) return await dryRun(handled, command, call);
    const receipt = await backend.execute(command, call);
    void reply.header('etag', `"${receipt.version}"`);
    if (receipt.version === 1) void reply.header('location', `/api/v1/stacks/${encodeURIComponent(receipt.stackId)}`);
    return receiptJson(receipt);
  } catch (error) {
    const isPrecondition = error instanceof ConflictError && error.code === 'VERSION_CONFLICT';
    if (!isPrecondition || request.headers['if-match'] === undefined) throw error;
    return sendProblem(reply, problemOf(error, 412));
  }
}
