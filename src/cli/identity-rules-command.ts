/** `kith identity rules`: the rules in force, and what other rules mean for the profiles that there are. */
import { readFileSync } from 'node:fs';
import { EngineError } from '../model/error.ts';
import type { BlockedValue, IdentifierRule, IdentitySettings } from '../model/identity.ts';
import type { IdentitySettingsAnswer, RuleImpact } from '../model/identity-request.ts';
import type { Client } from './client.ts';
import { type IdentityOptions, plain } from './identity-command.ts';
import { formatCount } from './progress.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

const EXAMPLE_COUNT = 3;

/** Errors: invalid_request (the file), invalid_identity_settings. */
export async function runIdentityRules(
  options: IdentityOptions & { readonly set?: string | undefined },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const path = '/v1/identity/settings';
  if (options.set === undefined) {
    if (options.dryRun) throw new EngineError('invalid_request', '--dry-run goes with --set FILE');
    const settings = await client.sendJson<IdentitySettings>(path);
    await write(terminal.stdout, options.json ? `${JSON.stringify(settings, null, 2)}\n` : settingsText(settings));
    return;
  }
  const body = readRules(options.set);
  const query = options.dryRun ? '?dryRun=true' : '';
  const answer = await client.sendJson<IdentitySettingsAnswer>(`${path}${query}`, { method: 'PUT', body });
  if (options.json) return write(terminal.stdout, `${JSON.stringify(answer)}\n`);
  const { dim } = colorsOf(terminal);
  const head = answer.isDone ? 'the rules are in force' : 'nothing was changed; this is what the rules would mean';
  await write(terminal.stdout, `${head}\n${impactText(answer.impact)}${answer.isDone ? '' : dim(NEXT_HINT)}`);
}

const NEXT_HINT = 'the same without --dry-run puts them in force\n';

function readRules(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    throw new EngineError('invalid_request', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

function settingsText(settings: IdentitySettings): string {
  const types = [...settings.types].sort((a, b) => a.priority - b.priority).map(typeRow);
  const parts = [formatTable(['type', 'a profile may have', 'priority', 'joins', 'normalise', 'read from'], types)];
  const survivorship = settings.survivorship.map(({ trait, rule, sources }) => [trait, rule, sources.join(', ')]);
  parts.push(formatTable(['trait', 'of several values stays', 'sources'], survivorship));
  if (settings.standardise.length > 0) {
    const rows = settings.standardise.map(({ trait, rule, order }) => [trait, rule, order ?? '']);
    parts.push(formatTable(['trait', 'is stored', 'order of dates'], rows));
  }
  parts.push(`identify nobody: ${settings.blocked.map(blockedText).join(', ')}\n`);
  const country = settings.defaultCountry ?? 'none';
  parts.push(
    `country of phone numbers without one: ${country}; rules of mail providers: ${onOff(settings.mailProviderRules)}\n`,
  );
  const { isAutomatic, merge, review } = settings.linkage;
  parts.push(
    `probable matches: joined by themselves from ${merge} ${isAutomatic ? '' : '(off)'}; for review from ${review}\n`,
  );
  return parts.join('');
}

function typeRow({ type, limit, priority, canMerge, normalise, traits, context }: IdentifierRule): unknown[] {
  const window = limit.window === 'ever' ? '' : ` ${limit.window}`;
  const may = limit.value === 0 ? 'off' : `${limit.value}${window}`;
  const sources = [...traits.map((trait) => `traits.${trait}`), ...context.map(({ path }) => path)];
  return [type, may, priority, canMerge ? 'yes' : 'no', normalise, sources.join(', ')];
}

function blockedText(value: BlockedValue): string {
  return typeof value === 'string' ? value : `/${value.pattern}/`;
}

function onOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}

function impactText({ profiles, overLimit, noIdentifiers, refusedLinks, changedTraits }: RuleImpact): string {
  const parts = [`looked at ${formatCount(profiles)} profiles\n`];
  if (overLimit.length > 0) {
    const rows = overLimit.map((one) => [one.type, one.profiles, examplesOf(one.examples)]);
    parts.push(formatTable(['more than the limit', 'profiles (they stay, and get no more)', 'such as'], rows));
  }
  if (noIdentifiers.length > 0) {
    const rows = noIdentifiers.map((one) => [one.type, one.identifiers, examplesOf(one.examples)]);
    parts.push(formatTable(['would not be taken so', 'identifiers (they stay)', 'such as'], rows));
  }
  if (changedTraits.length > 0) {
    const rows = changedTraits.map(({ trait, profiles: count, examples }) => {
      const [first] = examples;
      const example = first === undefined ? '' : `${first.id}: ${shown(first.from)} → ${shown(first.to)}`;
      return [trait, count, example];
    });
    parts.push(formatTable(['another value stays', 'profiles (at once)', 'such as'], rows));
  }
  if (parts.length === 1) parts.push('no profile changes or goes beyond a limit\n');
  if (refusedLinks > 0) {
    parts.push(`${formatCount(refusedLinks)} links were refused because of limits; events to come may make them\n`);
  }
  return parts.join('');
}

function examplesOf(examples: readonly string[]): string {
  const more = examples.length > EXAMPLE_COUNT ? ' …' : '';
  return `${examples.slice(0, EXAMPLE_COUNT).join(' ')}${more}`;
}

function shown(value: unknown): string {
  return value === null ? 'none' : typeof value === 'object' ? JSON.stringify(value) : String(plain(value));
}
