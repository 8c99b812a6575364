#!/usr/bin/env node
// What openwork-orchestrator starts and asks around its heartbeat: an opencode that has one open session, and an openwork-server.
// Which of the two is meant is told by the arguments they are started with. Neither knows anything of this project.
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(`--${name}`) + 1];
const opencode = args[0] === 'serve';
if (args.includes('--version')) {
  console.log('1.17.11');
  process.exit(0);
}

const answers = opencode
  ? (path) => path.startsWith('/session') ? [{ id: 'session', time: { created: 1, updated: Date.now() } }] : { healthy: true, version: '1.17.11' }
  : (path) => path.startsWith('/workspaces')
    ? {
        items: [{
          id: 'workspace',
          path: option('workspace'),
          opencode: {
            baseUrl: option('opencode-base-url'),
            directory: option('opencode-directory'),
            username: process.env.OPENWORK_OPENCODE_USERNAME,
            password: process.env.OPENWORK_OPENCODE_PASSWORD,
          },
        }],
      }
    : path.startsWith('/tokens') ? { token: 'owner' } : { ok: true, version: '0.18.1' };
createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answers(request.url)));
}).listen(Number(option('port')), '127.0.0.1');
