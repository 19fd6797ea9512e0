'use strict';
/*
 * Receives the webhook of a subscription, with Node.js alone, and prints each event as a line of JSON.
 *
 *   SLEUTELBESTAND=sleutel.txt OORSPRONG=casuslog.example node ontvanger.js 8080
 *
 * The file holds the key of the webhook in base64 (GET /abonnementen/<id>/webhook/sleutel). Put TLS before it: only
 * https addresses are called. What it does, and any receiver must:
 *
 * - OPTIONS asks whether you want messages of an origin: say yes to the one that you know, and how many per minute.
 * - Each message is signed (RFC 9421, HMAC-SHA256, over the headers that Signature-Input names and the digest of the
 *   body, RFC 9530). Do not look at one that is not, or that is old.
 * - Answer 204 when you have it safe, before you work on it. 4xx: it goes to the dead letters and the next one comes.
 *   5xx or nothing: it comes again, for days. 429 with Retry-After: later. 410: never again.
 * - The same number may come again: you know it by its id. A number further on: ask the feed for what is missing.
 */
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');

const OORSPRONG = process.env.OORSPRONG || 'localhost';
const LANGST_OUD = Number(process.env.LANGST_OUD || 300); // seconds
const PER_MINUUT = process.env.PER_MINUUT || '600';
const TE_GROOT = 1024 * 1024;

/** The key, read anew at each message, so that it can be replaced; null while there is none. */
function sleutel() {
  try {
    return Buffer.from(fs.readFileSync(process.env.SLEUTELBESTAND, 'utf8').trim(), 'base64');
  } catch {
    return null;
  }
}

function gelijk(een, ander) {
  const [a, b] = [Buffer.from(een), Buffer.from(ander)];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

/** Why a message is not to be trusted; null when it is. */
function wantrouwen(request, body, key) {
  const digest = `sha-256=:${crypto.createHash('sha256').update(body).digest('base64')}:`;
  if (!gelijk(request.headers['content-digest'] || '', digest)) return 'digest';
  const found = /^casuslog=((\([^)]*\));created=(\d+);.*)$/.exec(request.headers['signature-input'] || '');
  if (!found) return 'no signature';
  const [, params, list, created] = found;
  const names = [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
  const needed = ['@method', '@authority', '@path', 'content-digest'];
  needed.push(...Object.keys(request.headers).filter((name) => name.startsWith('ce-')));
  if (needed.some((name) => !names.includes(name))) return 'not all is signed';
  const derived = { '@method': request.method, '@authority': request.headers.host, '@path': request.url.split('?')[0] };
  const lines = names.map((name) => `"${name}": ${name in derived ? derived[name] : request.headers[name]}`);
  const base = [...lines, `"@signature-params": ${params}`].join('\n');
  const mac = crypto.createHmac('sha256', key).update(base).digest('base64');
  if (!gelijk(request.headers.signature || '', `casuslog=:${mac}:`)) return 'signature';
  return Math.abs(Date.now() / 1000 - Number(created)) > LANGST_OUD ? 'too old' : null;
}

/** The event of a message, in structured or in binary mode. */
function gebeurtenis(request, body) {
  const type = (request.headers['content-type'] || '').split(';')[0];
  if (type === 'application/cloudevents+json') return JSON.parse(body.toString('utf8'));
  const event = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('ce-')) event[name.slice(3)] = decodeURIComponent(value);
  }
  if (event.nummer) event.nummer = Number(event.nummer);
  if (body.length === 0) return event;
  // Another type is Avro (single-object encoding): see ../node/abonnee.js for how to read it.
  return type === 'application/json' ? { ...event, data: JSON.parse(body) } : { ...event, data_base64: body.toString('base64') };
}

let last = 0; // keep it with what you made of the events
function neem(event) {
  if (event.nummer <= last) return; // a repetition
  if (event.nummer > last + 1 && last > 0) console.error(`numbers ${last + 1} to ${event.nummer - 1} are missing`);
  last = event.nummer;
  console.log(JSON.stringify(event));
}

function antwoord(request, body) {
  if (request.method === 'OPTIONS') {
    const asked = request.headers['webhook-request-origin'];
    return asked === OORSPRONG ? [200, { 'WebHook-Allowed-Origin': asked, 'WebHook-Allowed-Rate': PER_MINUUT }] : [403, {}];
  }
  if (request.method !== 'POST') return [405, { Allow: 'OPTIONS, POST' }];
  const key = sleutel();
  if (key === null) return [503, { 'Retry-After': '10' }];
  const why = wantrouwen(request, body, key);
  if (why !== null) {
    console.error(`not trusted: ${why}`);
    return [401, {}];
  }
  neem(gebeurtenis(request, body));
  return [204, {}];
}

const server = http.createServer((request, response) => {
  const chunks = [];
  let size = 0;
  request.on('data', (chunk) => {
    size += chunk.length;
    if (size > TE_GROOT) request.destroy();
    else chunks.push(chunk);
  });
  request.on('end', () => {
    let told;
    try {
      told = antwoord(request, Buffer.concat(chunks));
    } catch (error) {
      console.error(error.message); // ours to mend: it comes again
      told = [500, {}];
    }
    response.writeHead(told[0], told[1]);
    response.end();
  });
});
server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => console.error(`listening on ${server.address().port}`));
