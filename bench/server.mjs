// Storing a Terraform state of 10,000 and 30,000 resources of which one changed, through HTTP, client and server in one process.
// Claim: at most 2 times JSON.parse plus JSON.stringify of the document; 30,000 resources cost 3 times 10,000.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateBackend } from '../dist/index.js';
import { startServer } from '../dist/server/index.js';
import { interleaved, milliseconds } from './measure.mjs';

const SIZES = [10_000, 30_000];
const ROUNDS = 9;

/** A state as Terraform writes it, of single resources or of one with `count`. */
function documentOf(resources, counted) {
  const instance = (n) => ({
    schema_version: 1,
    attributes: {
      ami: 'ami-0abcdef1234567890',
      arn: `arn:aws:ec2:eu-west-1:123456789012:instance/i-${n}`,
      cidr_blocks: ['10.0.0.0/16', '::/0'],
      id: `i-${n}`,
      instance_type: 't3.micro',
      private_ip: `10.0.${(n >> 8) & 255}.${n & 255}`,
      root_block_device: [{ encrypted: true, volume_size: 8, volume_type: 'gp3' }],
      tags: { Name: `web-${n}`, env: 'prod', owner: 'core' },
      user_data: '#!/bin/sh\necho "a < b && c > d"\n',
    },
    sensitive_attributes: [],
    private: 'bnVsbA==',
    dependencies: ['aws_security_group.web', 'aws_subnet.web'],
  });
  const numbers = Array.from({ length: resources }, (_, n) => n);
  const block = (name, instances) => ({
    mode: 'managed',
    type: 'aws_instance',
    name,
    provider: 'provider["registry.terraform.io/hashicorp/aws"]',
    instances,
  });
  return {
    version: 4,
    terraform_version: '1.11.4',
    serial: 1,
    lineage: 'bench',
    outputs: {},
    resources: counted
      ? [
          block(
            'web',
            numbers.map((n) => ({ index_key: n, ...instance(n) })),
          ),
        ]
      : numbers.map((n) => block(`web-${String(n).padStart(6, '0')}`, [instance(n)])),
    check_results: null,
  };
}

/** JSON in Terraform's own layout. */
const write = (document) =>
  `${JSON.stringify(document, null, 2).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)}\n`;

/** The states of a life in which each differs from the one before in one resource, as bodies. */
function bodies(resources, counted, count) {
  const document = documentOf(resources, counted);
  const text = write(document);
  return Array.from({ length: count }, (_, n) => {
    const changed = text.replace('"serial": 1,', `"serial": ${n + 1},`).replace('"id": "i-5000"', `"id": "i-${n}-new"`);
    const body = Buffer.from(changed);
    return { body, headers: { 'content-md5': createHash('md5').update(body).digest('base64') } }; // as Terraform does
  });
}

async function storing(resources, counted) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  const backend = await StateBackend.open(join(folder, 's.db'), { actor: 'bench' });
  const server = await startServer(backend, { listen: '127.0.0.1:0' });
  try {
    const states = bodies(resources, counted, ROUNDS + 2);
    const put = async (state) => {
      const { status } = await fetch(`${server.url}/tfstate/s`, { method: 'POST', ...state });
      if (status !== 200) throw new Error(`answered ${status}`);
    };
    await put(states.shift());
    const { position } = await backend.head();
    const text = states[0].body.toString();
    const next = states.values();
    const times = await interleaved(
      { parse: () => JSON.stringify(JSON.parse(text)), store: () => put(next.next().value) },
      { rounds: ROUNDS, times: 1 },
    );
    const events = (await backend.head()).position - position;
    return { ...times, megabytes: text.length / 1e6, events: events / (ROUNDS + 1) };
  } finally {
    await server.close();
    await backend.close();
    rmSync(folder, { recursive: true });
  }
}

export async function server() {
  const rows = [];
  for (const counted of [false, true]) {
    for (const size of SIZES) {
      const { parse, store, megabytes, events } = await storing(size, counted);
      rows.push({
        what: `${size.toLocaleString('en')} ${counted ? 'instances of one resource' : 'resources'}`,
        document: `${megabytes.toFixed(1)} MB`,
        'parse and stringify': milliseconds(parse),
        store: milliseconds(store),
        ratio: (store.median / parse.median).toFixed(2),
        'events each': events,
      });
    }
  }
  return rows;
}
