import { type FastifyInstance, fastify } from 'fastify';
import type { StateBackend } from '../backend/state-backend.js';
import { api } from './api/index.js';
import { authentication } from './auth/index.js';
import { useClosing } from './closing.js';
import { sendError, useProblems } from './errors.js';
import { useGuard } from './guard.js';
import { useHealth } from './health.js';
import { useJson } from './json.js';
import { logging, useRequestLog } from './log.js';
import { useMetrics } from './metrics.js';
import type { ServerOptions } from './options.js';
import { terraformRoutes } from './terraform/routes.js';

/** Bytes of all headers of a request together. */
const MAX_HEADERS = 16 * 1024;
/** A name of 255 bytes and an address of 2048, each byte percent-encoded. */
const MAX_PARAMETER = 3 * 2048;

/** The server's parts, in the order a request meets them. It does not listen yet. */
export async function buildApp(backend: StateBackend, options: ServerOptions): Promise<FastifyInstance> {
  const { limits, tls, tokens, isOpen } = options;
  const app = fastify({
    ...logging(options.log),
    ...(tls ? { https: tls } : {}),
    http: {
      maxHeaderSize: MAX_HEADERS,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: 1_000,
      requireHostHeader: false,
    },
    requestTimeout: limits.requestMs,
    bodyLimit: limits.bodyBytes,
    trustProxy: [...options.trustProxy],
    routerOptions: { maxParamLength: MAX_PARAMETER },
    requestIdHeader: false,
    frameworkErrors: sendError,
  }) as unknown as FastifyInstance;
  app.addHttpMethod('LOCK', { hasBody: true });
  app.addHttpMethod('UNLOCK', { hasBody: true });
  app.server.maxHeadersCount = 0; // their size is bounded; Node would drop the 2,001st, an If-Match maybe, without a word

  useJson(app);
  useProblems(app);
  useRequestLog(app);
  useGuard(app, options.hosts);
  app.addHook('onRequest', authentication({ tokens, required: () => !isOpen || (tokens?.hasAny() ?? false) }));
  useClosing(app);
  useHealth(app, backend);
  useMetrics(app, backend);
  await app.register(api, { prefix: '/api/v1', backend });
  await app.register(terraformRoutes, { prefix: '/tfstate', backend, ...options.terraform });
  return app;
}
