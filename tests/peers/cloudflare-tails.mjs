// Calls of the published client that concern tails; prints what it gives back as one line of JSON.
// Usage: CLOUDFLARE_API_TOKEN=TOKEN node cloudflare-tails.mjs tails|live|refusals BASE_URL ACCOUNT SCRIPT
import Cloudflare from 'cloudflare';

const [page, baseURL, account_id, script] = process.argv.slice(2);
let requests = 0;
const client = (more) => new Cloudflare({
  baseURL,
  fetch: (...request) => {
    requests += 1;
    return fetch(...request);
  },
  ...more,
});
const own = { account_id };
const other = { account_id: 'f'.repeat(32) };
const stranger = { apiToken: 'nobody' };
const { workers } = client();
const { tail } = workers.scripts;
const { telemetry } = workers.observability;

async function tails() {
  const created = await tail.create(script, own);
  const listed = await tail.get(script, own);
  const deleted = await tail.delete(created.id, { ...own, script_name: script });
  return { created, listed, deleted, after: await tail.get(script, own) };
}

async function live() {
  const beat = async () => {
    const { data, response } = await telemetry.liveTailHeartbeat(own).withResponse();
    return { data, expires: response.headers.get('lease-expires-at') };
  };
  const idle = await beat();
  const opened = await telemetry.liveTail({ ...own, scriptId: script });
  return { idle, opened, beaten: await beat() };
}

const refused = {
  'unknown script': () => tail.create('nobody-named-this', own),
  'unknown tail': () => tail.delete('0'.repeat(32), { ...own, script_name: script }),
  'unknown token': () => client(stranger).workers.scripts.tail.create(script, own),
  'other account': () => tail.create(script, other),
  'live unknown token': () => client(stranger).workers.observability.telemetry.liveTailHeartbeat(own),
  'live other account': () => telemetry.liveTailHeartbeat(other),
};

async function refusals() {
  const told = {};
  for (const [what, call] of Object.entries(refused)) {
    requests = 0;
    try {
      told[what] = { answered: await call() };
    } catch (error) {
      told[what] = { type: error.constructor.name, status: error.status, errors: error.errors, requests };
    }
  }
  return told;
}

console.log(JSON.stringify(await { tails, live, refusals }[page]()));
