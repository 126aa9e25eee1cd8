import type { FastifyInstance } from 'fastify';
import { decodeUtf8, FILE_LIMITS, type Json, parseJson, stringifyJson } from '../lib/json.js';

/** Responses are written by our own JSON writer: no digit of a number is lost. */
export function useJson(app: FastifyInstance): void {
  app.setReplySerializer((payload) => stringifyJson(payload));
}

/** @throws InvalidInputError for invalid JSON, or values that would lose precision */
export const readJson = (body: Uint8Array): Json => parseJson(decodeUtf8(body, 'body'), 'body', FILE_LIMITS);
