import type { FastifyInstance } from 'fastify';
import { decodeUtf8, FILE_LIMITS, type Json, parseJson, stringifyJson } from '../kernel/json.js';

/** Bodies come and go as our own JSON: nothing of a document is lost or changed on the way. */
export function useJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    body.length === 0 ? undefined : readJson(body),
  );
  app.setReplySerializer((payload) => stringifyJson(payload));
}

/** @throws InvalidInputError for what is no JSON, or holds what would be lost */
export const readJson = (body: Uint8Array): Json => parseJson(decodeUtf8(body, 'body'), 'body', FILE_LIMITS);
