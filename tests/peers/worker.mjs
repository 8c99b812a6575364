// A worker over @grpc/grpc-js and the .proto files alone. Holds a lease for three TTLs, appends events, releases; prints JSON lines.
// Usage: node worker.mjs HOST:PORT TOKEN RESOURCE TTL_MS
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const [address, token, resource, ttl] = process.argv.slice(2);
const protos = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'protos');
const packages = grpc.loadPackageDefinition(loader.loadSync('coordinator/v1/sessions.proto', {
  includeDirs: [protos], keepCase: true, longs: String, enums: String, oneofs: true, arrays: true,
}));
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${token}`);
const client = new packages.coordinator.v1.Sessions(address, grpc.credentials.createInsecure());
const stream = client.Connect(metadata);
const say = (line) => console.log(JSON.stringify(line));

let lease;
let grantedAt;
let beats = 0;
let batches = 0;
const beat = () => {
  if (Date.now() - grantedAt > 3 * Number(ttl)) {
    stream.write({ release: { request_id: 'bye', resource, token: lease.token } });
    return;
  }
  beats += 1;
  stream.write({ heartbeat: { sequence: beats, all: true } });
  batches += 1;
  stream.write({ event_batch: { resource, token: lease.token, batch_sequence: batches, events: [{ type: 'tick', payload: Buffer.from(`${batches}`) }] } });
};

stream.on('data', (frame) => {
  switch (frame.frame) {
    case 'welcome':
      stream.write({ acquire: { request_id: 'one', resource, ttl_ms: ttl } });
      break;
    case 'granted':
      lease = frame.granted.lease;
      grantedAt = Date.now();
      say({ granted: lease.token });
      beat();
      break;
    case 'heartbeat_ack':
      if (frame.heartbeat_ack.refused.length > 0) {
        say({ lost: frame.heartbeat_ack.refused[0].reason });
        process.exit(1);
      }
      setTimeout(beat, Number(frame.heartbeat_ack.next_heartbeat_in_ms));
      break;
    case 'event_ack':
      say({ acked: frame.event_ack.acked_sequence });
      break;
    case 'released':
      say({ released: frame.released.token, beats, batches });
      stream.end();
      break;
    default:
      say({ unexpected: frame });
      process.exit(1);
  }
});
stream.on('error', (error) => { say({ error: error.message }); process.exit(1); });
stream.on('end', () => client.close());
stream.write({ hello: { worker_id: 'node', labels: { runtime: process.version } } });
