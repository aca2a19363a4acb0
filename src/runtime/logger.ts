/**
 * Structured logs, one JSON line per event; the only importer of pino. The rule is that nobody's data and no key is
 * ever handed to the logger; redaction by field name is the second fence, for the day someone forgets. Error messages
 * may quote input, so errors are logged by class, code and stack frames only.
 */
import { type DestinationStream, pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly level?: LogLevel | undefined;
  /** Where lines go; absent = standard error, so that standard output stays for programs. */
  readonly destination?: DestinationStream | undefined;
  /** On every line: which process of several it is from. */
  readonly bindings?: LogFields | undefined;
}

/** Field names that may hold a person or a secret, at the top or one level down. */
const REDACTED = [
  'authorization',
  'key',
  'keys',
  'writeKey',
  'adminKey',
  'readKey',
  'passphrase',
  'token',
  'secret',
  'password',
  'userId',
  'anonymousId',
  'previousId',
  'groupId',
  'messageId',
  'email',
  'phone',
  'identifier',
  'identifiers',
  'id',
  'ids',
  'value',
  'traits',
  'properties',
  'context',
  'event',
  'item',
  'items',
  'batch',
  'body',
  'url',
  'query',
  'where',
];

export function createLogger(options: LoggerOptions = {}): Logger {
  const sink = pino(
    {
      level: options.level ?? 'info',
      base: options.bindings === undefined ? undefined : { ...options.bindings },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    options.destination ?? pino.destination(2),
  );
  return {
    debug: (message, fields = {}) => sink.debug(fields, message),
    info: (message, fields = {}) => sink.info(fields, message),
    warn: (message, fields = {}) => sink.warn(fields, message),
    error: (message, fields = {}) => sink.error(fields, message),
  };
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What of an error may be logged: its class, its code, and where it was thrown; never its message. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { errorName: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  const code: unknown = Reflect.get(error, 'code');
  return {
    errorName: error.name,
    ...(typeof code === 'string' ? { errorCode: code } : {}),
    stack: frames
      .slice(0, 8)
      .map((line) => line.trim())
      .join('\n'),
  };
}
