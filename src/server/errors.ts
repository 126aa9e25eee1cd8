import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInputError, NotFoundError, SlothError } from '../lib/errors.js';
import { systemError } from '../lib/failures.js';
import { INTERNAL, type Problem, problemOf, RETRY_AFTER } from './problem.js';

/** Every error as a problem document. */
export function useProblems(app: FastifyInstance): void {
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) => {
    const error = new NotFoundError('NO_SUCH_ROUTE', `nothing answers ${request.method} here`, {
      hint: 'The API is described at /api/v1/openapi.json; states are at /tfstate/STACK.',
    });
    return sendProblem(reply, problemOf(error));
  });
}

/** The Retry-After in seconds of a request that was refused because of load; the operator need not act. */
const RETRY_AFTER_LOAD: Readonly<Record<string, number>> = { TOO_BUSY: 2, SERVER_BUSY: 10 };

/** Reports internal errors only in the log. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof SlothError ? error : (systemError(error) ?? knownOfFramework(error as FastifyError));
  if (known) {
    const problem = problemOf(known);
    if (problem.status >= 500 && !Object.hasOwn(RETRY_AFTER_LOAD, known.code) && known.code !== 'ANSWER_TOO_LARGE')
      request.log.error({ err: error, code: known.code }, 'the database failed');
    return sendProblem(reply, problem);
  }
  request.log.error({ err: error }, 'failed');
  return sendProblem(reply, INTERNAL);
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503 && !reply.hasHeader('retry-after')) {
    void reply.header('retry-after', RETRY_AFTER_LOAD[problem.code] ?? RETRY_AFTER);
  }
  return reply.code(problem.status).type('application/problem+json; charset=utf-8').send(problem);
}

/** Errors of the framework in our words. */
function knownOfFramework({ code, statusCode, message }: FastifyError): SlothError | undefined {
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new InvalidInputError('UNSUPPORTED_MEDIA_TYPE', 'the body is of a type that is not taken here', {
        hint: 'Send it with Content-Type: application/json.',
        details: { field: 'Content-Type' },
      });
    default:
      return statusCode !== undefined && statusCode < 500
        ? new InvalidInputError('BAD_REQUEST', message, { hint: 'Correct the request and try again.' })
        : undefined;
  }
}
