import { Flags } from '@oclif/core';
import { shownLocation } from '../../lib/database-url.js';
import { parseDuration } from '../../lib/durations.js';
import { InvalidInputError } from '../../lib/errors.js';
import { refuseExposed, statOf } from '../../lib/files.js';
import { BaseCommand } from '../base-command.js';
import { chooseAnyDatabase } from '../database-path.js';
import { wholeNumber } from '../flags.js';
import { readInput } from '../input.js';
import { interrupted } from '../interrupts.js';
import { jsonText } from '../output/escape.js';
import { openTokens, tokensFlag, tokensPath } from '../tokens.js';

const MEBIBYTE = 1_048_576;

export default class Serve extends BaseCommand {
  static override summary = 'Serve the database over HTTP: as a backend for Terraform, and with a JSON API.';
  static override description =
    `The state of a stack for Terraform and OpenTofu is at /tfstate/STACK (backend "http"), the JSON API at /api/v1 (described at /api/v1/openapi.json), and metrics for Prometheus at /metrics. The server runs until it is interrupted; it completes current requests first.

Every client of a loopback address may use the server without a token as long as none was created. Any other address needs tokens: sloth-runner token create. Pass a certificate and a key (mode 0600) for TLS, or put a proxy in front of the server and name it with --trust-proxy.

Connections, and live streams of events, are limited so that nobody can use up the process's open files: raise the limit with ulimit -n before the start, and see the metrics sloth_connections and sloth_connections_closed_total. A connection without an authenticated request is closed after 5 seconds.

A body is read only after the role and the stack of its request were checked. The limit is 16 MiB for a command, 1 MiB for YAML, 64 KiB for a lock, and --max-body for a state or an import. When all bodies together reach --max-in-flight, further requests get 503 with Retry-After. To accept larger states, give the process more heap: NODE_OPTIONS=--max-old-space-size=MIB.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --listen 0.0.0.0:7480 --tls-cert cert.pem --tls-key key.pem --allow-host state.example.com',
    '<%= config.bin %> <%= command.id %> --trust-proxy 192.0.2.10 --max-connections-per-address 50 --no-force-unlock',
  ];
  static override flags = {
    listen: Flags.string({ description: 'address and port', default: '127.0.0.1:7480', helpValue: 'HOST:PORT' }),
    ...tokensFlag,
    'tls-cert': Flags.string({ description: 'certificate, PEM', helpValue: 'FILE', dependsOn: ['tls-key'] }),
    'tls-key': Flags.string({ description: 'its key, PEM', helpValue: 'FILE', dependsOn: ['tls-cert'] }),
    'allow-host': Flags.string({
      description: 'a name by which clients call this server; repeat it for several',
      multiple: true,
      helpValue: 'NAME',
    }),
    'trust-proxy': Flags.string({
      description: 'a proxy whose X-Forwarded-For is trusted; repeat it for several',
      multiple: true,
      helpValue: 'ADDRESS',
    }),
    'max-body': wholeNumber({
      description: 'the largest state or import, in MiB; less if the heap of the process is small',
      default: 256,
      min: 1,
      helpValue: 'MIB',
    }),
    'max-in-flight': wholeNumber({
      description: 'the limit of all bodies being received or processed, in MiB (default: about a tenth of the heap)',
      min: 1,
      helpValue: 'MIB',
    }),
    'max-connections': wholeNumber({
      description: 'the maximum of open connections (default: what the limit of open files allows, up to 4096)',
      min: 1,
      helpValue: 'N',
    }),
    'max-connections-per-address': wholeNumber({
      description:
        'the maximum from one address, or one /64 network of IPv6 (default: half; a trusted proxy has no limit)',
      min: 1,
      helpValue: 'N',
    }),
    'max-streams': wholeNumber({
      description: 'the maximum of open live streams of one token',
      default: 16,
      min: 1,
      helpValue: 'N',
    }),
    'lock-ttl': Flags.string({
      description: "the duration of Terraform's locks, 1s to 7d; storing a state extends the lock",
      default: '1d',
      helpValue: 'TIME',
    }),
    'force-unlock': Flags.boolean({
      description: 'let tokens with the permission force-unlock break locks, also through terraform force-unlock',
      default: true,
      allowNo: true,
    }),
    'allow-overwrite': Flags.string({
      description: 'stacks that accept a lower serial or another lineage; * is any text; repeat it for several',
      multiple: true,
      helpValue: 'PATTERN',
    }),
    'db-connections': wholeNumber({
      description:
        'the maximum of connections to a database server, besides one for each process that answers large queries',
      default: 8,
      min: 1,
      helpValue: 'N',
    }),
    'log-level': Flags.option({
      description: 'the level of the log on standard error, one JSON object a line',
      options: ['debug', 'info', 'warn', 'error', 'silent'] as const,
      default: 'info',
    })(),
  };

  /** Standard error contains JSON lines; the first one of the server reports the new database. */
  protected override noteCreated(): void {}

  protected override warning(msg: string): void {
    if (this.says('--log-level', 'silent') || this.says('--log-level', 'error')) return;
    process.stderr.write(`${jsonText({ level: 'warn', time: new Date().toISOString(), msg })}\n`);
  }

  /** Runs until the server is stopped. */
  protected override readonly takesMemory = true;

  async run(): Promise<void> {
    const { flags } = await this.parse(Serve);
    const lockMs = parseDuration(flags['lock-ttl'], '--lock-ttl');
    if (lockMs < 1_000 || lockMs > 7 * 86_400_000) {
      throw new InvalidInputError('INVALID_DURATION', `--lock-ttl: ${flags['lock-ttl']} is not between 1s and 7d`, {
        hint: 'Choose a time from 1s to 7d.',
        details: { field: '--lock-ttl', value: flags['lock-ttl'] },
      });
    }
    const tls = await tlsOf(flags['tls-cert'], flags['tls-key']);
    const signal = interrupted();
    const { startServer, checkServer } = await import('../../server/index.js');
    const path = tokensPath(flags);
    const isThere = flags.tokens !== undefined || (path !== undefined && statOf(path) !== undefined);
    let tokens = isThere ? await openTokens(flags, { create: false }) : undefined;
    const { 'max-in-flight': inFlight } = flags;
    const options = {
      listen: flags.listen,
      ...(tokens ? { tokens } : {}),
      ...(tls ? { tls } : {}),
      allowHosts: flags['allow-host'] ?? [],
      trustProxy: flags['trust-proxy'] ?? [],
      maxBodyBytes: flags['max-body'] * MEBIBYTE,
      ...(flags['max-connections'] === undefined ? {} : { maxConnections: flags['max-connections'] }),
      ...(flags['max-connections-per-address'] === undefined
        ? {}
        : { maxConnectionsPerAddress: flags['max-connections-per-address'] }),
      maxStreams: flags['max-streams'],
      ...(inFlight === undefined ? {} : { maxInFlightBytes: inFlight * MEBIBYTE }),
      lockMs,
      forceUnlock: flags['force-unlock'],
      overwrite: flags['allow-overwrite'] ?? [],
      log: { level: flags['log-level'], write: (line: string) => void process.stderr.write(line) },
    };
    await this.open(flags, { source: 'api', connections: flags['db-connections'] });
    if (this.isNew || !tokens) await checkServer(options); // refused options create no database and no token file
    const backend = await this.persistent();
    if (path !== undefined) tokens ??= await openTokens(flags, { create: true });
    const server = await startServer(backend, {
      ...options,
      ...(tokens ? { tokens } : {}),
      ...(backend.created ? { remark: `created database ${shownLocation(chooseAnyDatabase(flags.db).path)}` } : {}),
    });
    this.show(
      flags,
      () => ({ url: server.url }),
      () => `Listening on ${server.url}`,
    );
    await ended(signal);
    await server.close();
    tokens?.close();
  }
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function tlsOf(cert: string | undefined, key: string | undefined) {
  if (cert === undefined || key === undefined) return undefined;
  refuseExposed(key, '--tls-key');
  const [certificate, secret] = await Promise.all([readInput(cert), readInput(key)]);
  return { cert: Buffer.from(certificate.bytes), key: Buffer.from(secret.bytes) };
}
