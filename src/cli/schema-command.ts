/** `kith schema`: what was ever sent, as tables of traits, events and properties. */
import type { EventSchema, FieldSchema, Schema } from '../model/schema.ts';
import type { Client } from './client.ts';
import { formatCount } from './progress.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

export interface SchemaOptions {
  readonly event?: string | undefined;
  readonly trait?: string | undefined;
  readonly examples: boolean;
  readonly json?: boolean | undefined;
}

/** Without `--event` the properties of each event are only counted: `--event` shows them. */
export async function runSchema(options: SchemaOptions, client: Client, terminal: Terminal): Promise<void> {
  const query = new URLSearchParams();
  if (options.event !== undefined) query.set('event', options.event);
  if (options.trait !== undefined) query.set('trait', options.trait);
  const schema = await client.sendJson<Schema>(`/v1/schema${query.size === 0 ? '' : `?${query}`}`);
  if (options.json) {
    await write(terminal.stdout, `${JSON.stringify(schema)}\n`);
    return;
  }
  const { bold, dim } = colorsOf(terminal);
  const { traits, events } = schema;
  if (traits.length > 0) {
    await write(terminal.stdout, `${bold('Traits')} of ${formatCount(schema.profiles)} profiles\n`);
    await write(terminal.stdout, fieldTable('trait', traits, schema.profiles, options.examples, false));
  }
  if (options.event === undefined && events.length > 0) {
    await write(terminal.stdout, `${bold('Events')}\n${eventTable(events)}`);
    await write(terminal.stdout, dim('kith schema --event NAME shows the properties of one\n'));
  }
  if (options.event !== undefined) {
    for (const event of events) {
      const about = `${formatCount(event.count)} events of ${formatCount(event.profiles)} profiles`;
      await write(terminal.stdout, `${bold(event.name)}: ${about}\n`);
      await write(terminal.stdout, fieldTable('property', event.properties, event.count, options.examples, true));
    }
  }
  if (traits.length + events.length === 0) terminal.stderr.write('nobody ever sent such a thing\n');
}

function eventTable(events: readonly EventSchema[]): string {
  return formatTable(
    ['event', 'count', 'profiles', 'first', 'last', 'properties', 'sources'],
    events.map((event) => [
      event.name,
      event.count,
      event.profiles,
      dayOf(event.firstAt),
      dayOf(event.lastAt),
      event.properties.length,
      event.sources.join(', '),
    ]),
  );
}

function fieldTable(
  kind: string,
  fields: readonly FieldSchema[],
  total: number,
  hasExamples: boolean,
  hasTimes: boolean,
): string {
  const head = [kind, 'types', 'count', 'share', 'distinct'];
  if (hasTimes) head.push('first', 'last');
  if (hasExamples) head.push('examples');
  return formatTable(
    head,
    fields.map((field) => [
      field.name,
      typesText(field),
      `${field.isSampled === true ? '≈ ' : ''}${formatCount(field.count)}`,
      total === 0 ? '' : `${Math.round((100 * field.count) / total)} %`,
      `${field.isDistinctExact ? '' : '≈ '}${formatCount(field.distinct)}`,
      ...(hasTimes ? [dayOf(field.firstAt), dayOf(field.lastAt)] : []),
      ...(hasExamples ? [field.examples.map(String).join(', ')] : []),
    ]),
  );
}

/** One type alone needs no count. */
function typesText({ types }: FieldSchema): string {
  if (types.length === 1) return types[0].type;
  return types.map(({ type, count }) => `${type} ${formatCount(count)}`).join(', ');
}

function dayOf(time: string | null): string {
  return time === null ? '' : time.slice(0, 10);
}
