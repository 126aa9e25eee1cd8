import type { FastifyInstance } from 'fastify';
import { decodeUtf8, FILE_LIMITS, type Json, parseJson, stringifyJson } from '../kernel/json.js';

/** Documents go out as our own JSON: no digit of a number is lost. */
export function useJson(app: FastifyInstance): void {
  app.setReplySerializer((payload) => stringifyJson(payload));
}

/** Bodies of these types come in as bytes: what reads them knows what they must be. Of other types, none. */
export function takeBytes(app: FastifyInstance, types: string | string[]): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(types, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
}

/** @throws InvalidInputError for what is no JSON, or holds what would be lost */
export const readJson = (body: Uint8Array): Json => parseJson(decodeUtf8(body, 'body'), 'body', FILE_LIMITS);
