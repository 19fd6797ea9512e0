'use strict';
/*
 * Reads the queue of a holder and prints each event as a line of JSON.
 *
 *   node abonnee.js <amqp-url> <queue> <folder schemas/> [how many; without it: until Ctrl-C]
 *
 * All it knows of Casuslog is the folder schemas/ and what stands here:
 *
 * - Headers cloudEvents_* are the envelope (CloudEvents 1.0). casuslog_nummer counts the deliveries of this subscription
 *   without gaps: a hole means that something was lost, a number that came before is a repetition. A number with
 *   casuslog_ingehouden is empty: you may not (any longer) see that event.
 * - Without a body there is no data: casuslog_verwijzing, if present, is where it can be fetched over HTTP.
 * - The body of an Avro subscription is Avro's single-object encoding: C3 01, eight bytes that name the schema (its
 *   CRC-64-AVRO fingerprint, little-endian), then the record. A schema in schemas/ stands for two records: all its
 *   fields, and only those with "privacy": "feit"; the second one is called <Name>Feit.
 * - The body of a JSON subscription is a CloudEvent in structured mode; in binary mode it is the data alone.
 */
const fs = require('fs');
const path = require('path');
const amqplib = require('amqplib');
const avsc = require('avsc');

const AVRO = 'application/vnd.casuslog.event.helder+avro';
const JSON_EVENT = 'application/cloudevents+json';
const JSON_DATA = 'application/json';

// -- the schemas, by fingerprint -------------------------------------------------------------------------------------

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'];

/** The Parsing Canonical Form of a schema (Avro specification): what its fingerprint is computed over. */
function canonical(schema, namespace) {
  const full = (name) => (name.includes('.') || !namespace ? name : `${namespace}.${name}`);
  if (typeof schema === 'string') return JSON.stringify(PRIMITIVES.includes(schema) ? schema : full(schema));
  if (Array.isArray(schema)) return `[${schema.map((one) => canonical(one, namespace)).join(',')}]`;
  if (schema.type === 'array') return `{"type":"array","items":${canonical(schema.items, namespace)}}`;
  if (schema.type !== 'record') return canonical(schema.type, namespace);
  const inner = schema.namespace || namespace;
  const name = schema.name.includes('.') || !inner ? schema.name : `${inner}.${schema.name}`;
  const fields = schema.fields.map((f) => `{"name":${JSON.stringify(f.name)},"type":${canonical(f.type, inner)}}`);
  return `{"name":${JSON.stringify(name)},"type":"record","fields":[${fields.join(',')}]}`;
}

const EMPTY = 0xc15d213aa4d7a795n;
const TABLE = Array.from({ length: 256 }, (_, i) => {
  let entry = BigInt(i);
  for (let bit = 0; bit < 8; bit += 1) entry = (entry >> 1n) ^ (entry & 1n ? EMPTY : 0n);
  return entry;
});

/** The CRC-64-AVRO fingerprint of a schema as it stands on the wire: hexadecimal, little-endian. */
function fingerprint(schema) {
  let crc = EMPTY;
  for (const byte of Buffer.from(canonical(schema), 'utf8')) crc = (crc >> 8n) ^ TABLE[Number((crc ^ BigInt(byte)) & 0xffn)];
  const wire = Buffer.alloc(8);
  wire.writeBigUInt64LE(crc);
  return wire.toString('hex');
}

/** Days since 1970 as 2017-04-03. */
class Day extends avsc.types.LogicalType {
  _fromValue(days) {
    return new Date(days * 86400000).toISOString().slice(0, 10);
  }
}

/** Microseconds since 1970 as 2017-04-03T09:00:00.000000Z. */
class Moment extends avsc.types.LogicalType {
  _fromValue(micros) {
    const rest = ((micros % 1000) + 1000) % 1000;
    return new Date((micros - rest) / 1000).toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
  }
}

/** The record of only the facts of an event. */
function facts(schema) {
  return { ...schema, name: `${schema.name}Feit`, fields: schema.fields.filter((f) => f.privacy === 'feit') };
}

function readSchemas(folder) {
  const found = new Map();
  for (const service of fs.readdirSync(folder)) {
    const inside = path.join(folder, service);
    if (!fs.statSync(inside).isDirectory()) continue;
    for (const file of fs.readdirSync(inside).filter((name) => name.endsWith('.avsc'))) {
      const schema = JSON.parse(fs.readFileSync(path.join(inside, file), 'utf8'));
      for (const record of [schema, facts(schema)]) {
        const type = avsc.Type.forSchema(record, { logicalTypes: { date: Day, 'timestamp-micros': Moment } });
        found.set(fingerprint(record), { name: record.name, type });
      }
    }
  }
  return found;
}

// -- the messages ----------------------------------------------------------------------------------------------------

/** The data of a message: decoded, or null when there is none. */
function dataOf(message, schemas) {
  const { content } = message;
  if (content.length === 0) return null;
  if (message.properties.contentType === JSON_EVENT) return JSON.parse(content.toString('utf8')).data || null;
  if (message.properties.contentType === JSON_DATA) return JSON.parse(content.toString('utf8'));
  if (message.properties.contentType !== AVRO) throw new Error(`unknown content type ${message.properties.contentType}`);
  if (content.length < 10 || content[0] !== 0xc3 || content[1] !== 0x01) throw new Error('no single-object encoding');
  const wanted = content.subarray(2, 10).toString('hex');
  const schema = schemas.get(wanted);
  if (!schema) throw new Error(`no schema has fingerprint ${wanted}: bring the folder schemas/ up to date`);
  return schema.type.fromBuffer(content.subarray(10));
}

function read(message, schemas) {
  const { headers } = message.properties;
  const nummer = headers.casuslog_nummer;
  if (headers.casuslog_ingehouden) return { nummer, ingehouden: true };
  const envelop = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('cloudEvents_')) envelop[name.slice('cloudEvents_'.length)] = value;
  }
  const told = { nummer, niveau: headers.casuslog_niveau, envelop, gegevens: dataOf(message, schemas) };
  return headers.casuslog_verwijzing ? { ...told, verwijzing: headers.casuslog_verwijzing } : told;
}

async function main([url, queue, folder, count]) {
  const schemas = readSchemas(folder);
  const connection = await amqplib.connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(20);
  let last = 0; // keep it with what you made of the events, so that after a restart you know where you were
  let wanted = count === undefined ? Infinity : Number(count);
  const stop = async (code) => {
    await channel.close(); // also hands back what was not acknowledged
    await connection.close();
    process.exitCode = code;
  };
  await channel.consume(queue, (message) => {
    if (message === null || wanted === 0) return;
    try {
      const told = read(message, schemas);
      if (told.nummer > last + 1 && last > 0) console.error(`numbers ${last + 1} to ${told.nummer - 1} are missing`);
      if (told.nummer > last) {
        console.log(JSON.stringify(told));
        last = told.nummer;
        wanted -= 1;
      }
      channel.ack(message); // only now: what was not handled comes again
      if (wanted === 0) stop(0);
    } catch (error) {
      console.error(error.message);
      wanted = 0;
      stop(1);
    }
  });
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

module.exports = { readSchemas };
