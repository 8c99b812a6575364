// What the published client makes of answers that a retry may cure; prints it as a last line of JSON. An answer is told with its headers that
// concern retries, with when it was asked for and when it came.
// Usage: CLOUDFLARE_API_TOKEN=TOKEN node cloudflare-retries.mjs full|room|away BASE_URL ACCOUNT SCRIPT
import Cloudflare from 'cloudflare';

const [page, baseURL, account_id, script] = process.argv.slice(2);
const own = { account_id };

// A client of its own for each call, so that its answers are told apart.
async function told(options, call, onRefusal) {
  const answers = [];
  const client = new Cloudflare({
    baseURL,
    ...options,
    fetch: async (...request) => {
      const asked = performance.now();
      const response = await fetch(...request);
      const { status, headers } = response;
      answers.push({ asked, came: performance.now(), status, retryAfter: headers.get('retry-after'), shouldRetry: headers.get('x-should-retry') });
      if (!response.ok) {
        await onRefusal?.(answers.length);
      }
      return response;
    },
  });
  try {
    return { answers, answered: await call(client) };
  } catch (error) {
    return { answers, type: error.constructor.name, status: error.status, errors: error.errors };
  }
}

const create = (client) => client.workers.scripts.tail.create(script, own);
const beat = (client) => client.workers.observability.telemetry.liveTailHeartbeat(own);

// The script has as many tails as it may.
async function full() {
  const [usual, once] = await Promise.all([told({}, create), told({ maxRetries: 0 }, create)]);
  return { usual, once };
}

// One of them is deleted as soon as another was refused.
async function room() {
  const { tail } = new Cloudflare({ baseURL }).workers.scripts;
  const { id } = await tail.get(script, own);
  return told({}, create, () => tail.delete(id, { ...own, script_name: script }));
}

// No coordinator is there until whoever reads this has been told "away".
async function away() {
  const usual = await Promise.all([told({}, create), told({}, beat)]);
  console.log('away');
  const patient = await Promise.all([told({ maxRetries: 30 }, create), told({ maxRetries: 30 }, beat)]);
  return { usual, patient };
}

console.log(JSON.stringify(await { full, room, away }[page]()));
