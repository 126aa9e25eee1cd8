import { type FastifyInstance, fastify } from 'fastify';
import type { StateBackend } from '../api/state-backend.js';
import { AnswerBudget, useAnswers } from './answers.js';
import { api } from './api/index.js';
import { authentication } from './auth/index.js';
import { BodyBudget } from './bodies/budget.js';
import { useBodies } from './bodies/index.js';
import { answerClientError } from './client-error.js';
import { useClosing } from './closing.js';
import { Connections, useConnections } from './connections.js';
import { Documents } from './documents/index.js';
import { sendError, useProblems } from './errors.js';
import { useGuard } from './guard.js';
import { useHealth, useVerification } from './health.js';
import { useJson } from './json.js';
import { logging, useRequestLog } from './log.js';
import { useMetrics } from './metrics.js';
import type { ServerOptions } from './options.js';
import { usePipelining } from './pipelining.js';
import { Reads } from './reads/index.js';
import { useSecurityHeaders } from './security-headers.js';
import { terraformRoutes } from './terraform/routes.js';
import { TLS } from './tls.js';

/** Bytes of all headers of a request together. */
const MAX_HEADERS = 16 * 1024;
/** A name of 255 bytes and an address of 2048, each byte percent-encoded. */
const MAX_PARAMETER = 3 * 2048;

/** The server's parts, in the order in which a request passes them. It does not listen yet. */
export async function buildApp(backend: StateBackend, options: ServerOptions): Promise<FastifyInstance> {
  const { limits, tls, tokens, isOpen, terraform } = options;
  const isTls = tls !== undefined;
  const http = {
    maxHeaderSize: MAX_HEADERS,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false, // the guard reports the problem
  };
  const { unauthenticatedMs: handshakeTimeout } = options.connections;
  const app = fastify({
    ...logging(options.log),
    ...(tls ? { https: { ...http, ...TLS, ...tls, handshakeTimeout } } : { http }),
    requestTimeout: limits.requestMs,
    trustProxy: options.connections.isProxy,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    requestIdHeader: false,
    frameworkErrors: sendError,
    clientErrorHandler: answerClientError(isTls),
  }) as unknown as FastifyInstance;
  app.addHttpMethod('LOCK', { hasBody: true });
  app.addHttpMethod('UNLOCK', { hasBody: true });
  app.server.maxHeadersCount = 0; // their size is limited; Node would silently drop the 2,001st, perhaps an If-Match

  usePipelining(app);
  useBodies(app);
  useJson(app);
  useProblems(app);
  useRequestLog(app);
  useSecurityHeaders(app, isTls);
  const connections = new Connections(options.connections);
  useConnections(app, connections);
  useGuard(app, options.hosts);
  app.addHook('onRequest', authentication({ tokens, required: () => !isOpen || (tokens?.hasAny() ?? false) }));
  app.addHook('onRequest', async ({ raw, principal }) => {
    if (principal) connections.authenticated(raw.socket);
  });
  useClosing(app);
  const answers = new AnswerBudget(limits.answerBytes);
  useAnswers(app, answers);
  useHealth(app, backend);
  useVerification(app, backend);
  useMetrics(app, backend, connections);
  const budget = new BodyBudget(limits.inFlightBytes);
  const documents = new Documents(budget.mostValues);
  const reads = new Reads(backend, answers.largest);
  app.addHook('onClose', () => Promise.all([documents.close(), reads.close()]).then(() => {}));
  const bodies = { maxBytes: Math.min(limits.bodyBytes, budget.largest), budget, documents };
  await app.register(api, {
    prefix: '/api/v1',
    backend,
    bodies,
    reads,
    streams: options.streams,
    forceUnlock: terraform.forceUnlock,
  });
  await app.register(terraformRoutes, { prefix: '/tfstate', backend, bodies, reads, ...terraform });
  return app;
}
