/**
 * What does it cost to know who is who? The same events twice into an engine in memory: once each names its user, once three in ten
 * come from visitors who log in later, so that profiles are linked and merged all the time.
 *
 * agree: both ways every user has the same counts of events.
 */
import type { IdentityIngestAnswer, IdentityIngestConfig } from '../engine/identity-ingest.ts';
import { alternate, type Bench } from '../harness.ts';
import { runProgram } from '../process/child.ts';
import type { Figures } from '../result.ts';

/** More would only take longer to make. */
const EVENT_COUNT_MAX = 600_000;
const EVENTS_PER_PROFILE = 20;

export const identity: Bench = {
  name: 'identity',
  title: 'events of which three in ten are visitors’, against the same with user ids',
  async run(context) {
    const events = Math.min(context.size.population.events, EVENT_COUNT_MAX);
    const profiles = Math.max(1, Math.floor(events / EVENTS_PER_PROFILE));
    const contender = (mode: IdentityIngestConfig['mode']) => ({
      name: mode,
      turn: () =>
        runProgram<IdentityIngestAnswer>(
          'engine/identity-ingest.js',
          { mode, profiles, events },
          { cpus: context.pins.server },
        ),
    });
    const turns = await alternate([contender('linked'), contender('plain')], context.runs, context.progress);
    const linked = turns.get('linked')!;
    const plain = turns.get('plain')!;
    const ours = middleOf(linked);
    const peer = middleOf(plain);
    context.report({
      case: 'ingest',
      ours: { ...figuresOf(ours), linksPerSecond: (ours.logins / ours.tookMs) * 1_000 },
      peer: { name: 'ingest without links', ...figuresOf(peer) },
      ratio: peer.tookMs / ours.tookMs,
      agree: ours.checksum === peer.checksum && ours.events === peer.events,
      checksum: ours.checksum,
    });
  },
};

/** The turn with the median time, or the one just above it. */
function middleOf(turns: readonly IdentityIngestAnswer[]): IdentityIngestAnswer {
  return [...turns].sort((a, b) => a.tookMs - b.tookMs)[turns.length >> 1];
}

function figuresOf({ events, tookMs, cpuSeconds }: IdentityIngestAnswer): Figures {
  return {
    eventsPerSecond: (events / tookMs) * 1_000,
    medianMs: tookMs,
    serverCpu: cpuSeconds / events,
    clientCpu: 0,
  };
}
