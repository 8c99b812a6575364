// The examples that the documented pages give for fetch, with host, id and token changed and no more. Prints what they print.
// Usage: node pages.mjs report|beat GATEWAY ID TOKEN
const [page, gateway, id, token] = process.argv.slice(2);

async function report() {
  const url = `${gateway}/api/agents/runs/${id}/events`;
  const options = {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: '{"worker_id":"example","lease_seconds":1,"phase":"example","log_line":"example","events":[{"type":"heartbeat","payload":{}}]}',
  };
  const response = await fetch(url, options);
  const data = await response.json();
  console.log(JSON.stringify(data));
}

// Ends after three beats.
async function beat() {
  for (let beats = 0; beats < 3; beats += 1) {
    const response = await fetch(`${gateway}/v1/tunnels/${id}/heartbeat`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok) {
      console.error('Heartbeat failed:', response.status);
      process.exit(1);
    }
    const data = await response.json();
    console.log('Lease expires at:', data.expiresAt);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
}

await { report, beat }[page]();
