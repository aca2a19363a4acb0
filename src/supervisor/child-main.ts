/**
 * The life of a process of the cluster: greet, open, serve, end. It ends when it is told to, when it cannot go on, and when
 * the supervisor is gone. Signals are the supervisor's to answer: SIGINT goes to every process of a terminal, and a SIGTERM
 * for one process is passed on, so that it ends in order and another takes its place.
 */
import { socketNetwork } from '../link/socket-network.ts';
import { EngineError } from '../model/error.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { createLogger, errorFields, type Logger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import type { ChildFailure, Role } from './child.ts';
import { ControlLink } from './control-link.ts';
import { TOKEN_VARIABLE } from './control-protocol.ts';
import { tlsOf } from './link-files.ts';
import type { OpenRole, RolePart } from './role-part.ts';

export interface ChildMainOptions {
  readonly role: Role;
  readonly index: number;
  /** Of the control socket. */
  readonly address: string;
  readonly version: string;
  readonly openRole: OpenRole;
}

const STATS_INTERVAL_MS = 1_000;
/** Without a supervisor: how long closing may take. What was acknowledged is in the log in any case. */
const ORPHAN_CLOSE_MS: Readonly<Record<Role, number>> = { router: 0, shard: 20_000 };

const EXIT = { ok: 0, failed: 1, orphaned: 3 } as const;

/** Resolves with the exit code. */
export async function runChild(options: ChildMainOptions): Promise<number> {
  const { role, index, address, version, openRole } = options;
  const token = process.env[TOKEN_VARIABLE] ?? '';
  delete process.env[TOKEN_VARIABLE];
  let logger = createLogger({ bindings: { role, index } });
  process.on('SIGINT', () => {});
  const clock = systemClock;
  let link: ControlLink;
  try {
    const greeting = { role, index, pid: process.pid, token, version };
    link = await ControlLink.join({ address, greeting, network: socketNetwork(), clock, logger });
  } catch (error) {
    logger.error('no configuration from the supervisor', { reason: failureOf(error).message });
    return EXIT.failed;
  }
  const { config } = link;
  logger = createLogger({ level: config.logLevel, bindings: { role, index } });
  let leaveCount = 0;
  process.on('SIGTERM', () => {
    leaveCount += 1;
    if (leaveCount > 1) process.exit(EXIT.failed);
    link.leave();
  });
  const opening = new Opening();
  const fatal = new Promise<unknown>((resolve) => {
    process.on('uncaughtException', (error) => {
      logger.error('an error that nobody caught', errorFields(error));
      resolve(new EngineError('internal', 'an error that nobody caught; its log says where'));
    });
    const open = async (): Promise<void> => {
      const network = socketNetwork({ tls: tlsOf(config.linkFiles) });
      opening.part = await openRole({ index, link, network, clock, random: systemRandom(), logger, onFatal: resolve });
      serve(opening.part, link, clock, logger);
    };
    open().catch(resolve);
  });
  const end = await Promise.race([
    fatal.then((error) => ({ why: 'failed' as const, error })),
    link.stopAsked.then(() => ({ why: 'stopped' as const })),
    link.closed.then(() => ({ why: 'orphaned' as const })),
  ]);
  if (end.why === 'failed') {
    await link.failed(failureOf(end.error));
    return EXIT.failed;
  }
  // During a start nothing is under way that would have to be ended: the log is as it was.
  if (end.why === 'stopped') {
    await opening.part?.close();
    return EXIT.ok;
  }
  logger.warn('the supervisor is gone: ending');
  await Promise.race([opening.part?.close(), new Promise((resolve) => setTimeout(resolve, ORPHAN_CLOSE_MS[role]))]);
  return EXIT.orphaned;
}

/** Until there is a part, there is nothing to close. */
class Opening {
  part: RolePart | undefined;
}

function serve(part: RolePart, link: ControlLink, clock: Clock, logger: Logger): void {
  link.onMap((map) => part.useMap(map));
  link.onQuarantine((news) => part.useQuarantine(news));
  link.serving(part.door);
  let isAsking = false;
  const tellStats = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      link.stats(await part.stats());
    } catch (error) {
      logger.warn('no figures', errorFields(error));
    } finally {
      isAsking = false;
    }
  };
  void tellStats();
  clock.every(STATS_INTERVAL_MS, () => void tellStats());
}

function failureOf(error: unknown): ChildFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof EngineError ? error.code : 'internal', message };
}
