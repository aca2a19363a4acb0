/**
 * Channels between processes, over Unix, TCP and TLS sockets. A socket file is its owner's alone (mode 0600). One that a dead
 * process left is replaced; one that somebody answers at never is.
 */
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { isMainThread } from 'node:worker_threads';
import { EngineError } from '../model/error.ts';
import { addressText, type Listening, type Network, parseAddress, type SocketAddress } from './dial.ts';
import { MESSAGE_BYTES_MAX } from './peer.ts';
import { Intake, SocketChannel } from './socket-channel.ts';

export interface TlsOptions {
  /** PEM. Who listens needs both; who dials, if the other end asks for it. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** Whom to trust, in both directions: with it, who listens asks callers for a certificate too. */
  readonly ca?: string | Uint8Array | undefined;
  /** The name that the certificate must have, when it is not the host's. */
  readonly servername?: string | undefined;
}

export interface SocketNetworkOptions {
  readonly tls?: TlsOptions | undefined;
  readonly maxMessageBytes?: number | undefined;
}

const BACKLOG = 511;
/** 0600. */
const OWNER_ONLY = 0o600;
const NOT_FOR_OTHERS = 0o177;

export function socketNetwork(options: SocketNetworkOptions = {}): Network {
  const maxMessageBytes = options.maxMessageBytes ?? MESSAGE_BYTES_MAX;
  return {
    async dial(address) {
      const place = parseAddress(address);
      const intake = place.scheme === 'tls' ? undefined : new Intake();
      const socket = await connected(place, address, options.tls ?? {}, intake);
      return new SocketChannel(socket, maxMessageBytes, intake);
    },
    async listen(address, accept) {
      const place = parseAddress(address);
      const server = serverFor(place, options.tls ?? {}, (socket) => {
        accept(new SocketChannel(socket, maxMessageBytes));
      });
      if (place.scheme === 'unix') await removeStale(place.path, address);
      await bound(server, place, address);
      return listeningOn(server, place);
    },
  };
}

function connected(
  place: SocketAddress,
  address: string,
  tls: TlsOptions,
  intake: Intake | undefined,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(place, tls, intake);
    const onError = (error: Error): void => reject(unreachable(address, error));
    socket.once('error', onError);
    socket.once(place.scheme === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

function connect(place: SocketAddress, tls: TlsOptions, intake: Intake | undefined): Socket {
  const onread = intake && { onread: intake.onread };
  if (place.scheme === 'unix') return netConnect({ path: place.path, ...onread });
  const { host, port } = place;
  if (place.scheme === 'tcp') return netConnect({ host, port, ...onread });
  const { cert, key, ca, servername } = tls;
  return tlsConnect({ host, port, ...pem({ cert, key, ca }), ...(servername === undefined ? {} : { servername }) });
}

function serverFor(place: SocketAddress, tls: TlsOptions, onSocket: (socket: Socket) => void): Server {
  if (place.scheme !== 'tls') return createServer(onSocket);
  const { cert, key, ca } = tls;
  if (cert === undefined || key === undefined) {
    throw new EngineError('invalid_request', 'listening on tls: takes a certificate and its key');
  }
  const asksCallers = ca !== undefined;
  const server = createTlsServer({
    ...pem({ cert, key, ca }),
    requestCert: asksCallers,
    rejectUnauthorized: asksCallers,
  });
  server.on('secureConnection', onSocket);
  // Who cannot be understood is only hung up on.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

function pem(given: Pick<TlsOptions, 'cert' | 'key' | 'ca'>): Record<string, string | Buffer> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]: [string, string | Uint8Array | undefined]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : Buffer.from(value)]],
    ),
  );
}

function bound(server: Server, place: SocketAddress, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(cannotListen(address, error));
    server.once('error', onError);
    server.once('listening', () => {
      server.off('error', onError);
      // Afterwards: an accept that failed (too many files) leaves the others as they are.
      server.on('error', () => undefined);
      if (place.scheme === 'unix') chmodSync(place.path, OWNER_ONLY);
      resolve();
    });
    if (place.scheme === 'unix') {
      // The file appears in this very call, so it is nobody else's at any time. Worker threads cannot set the mask.
      const mask = isMainThread ? process.umask(NOT_FOR_OTHERS) : undefined;
      try {
        server.listen({ path: place.path, backlog: BACKLOG });
      } finally {
        if (mask !== undefined) process.umask(mask);
      }
    } else server.listen({ host: place.host, port: place.port, backlog: BACKLOG });
  });
}

function listeningOn(server: Server, place: SocketAddress): Listening {
  const at = server.address();
  const isPort = place.scheme !== 'unix' && typeof at === 'object' && at !== null;
  return {
    address: addressText(isPort ? { ...place, port: at.port } : place),
    // Node removes the socket file. Its callback would wait for all channels to end; those go on.
    close: async () => {
      server.close();
    },
  };
}

/** Removes a socket file that nobody answers at. Errors: invalid_request when somebody does, or when it is no socket. */
async function removeStale(path: string, address: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    // Binding there would say that it is not permitted.
    if (existsSync(dirname(path))) return;
    throw new EngineError('invalid_request', `cannot listen on ${address}: its folder does not exist`, {
      details: { address },
    });
  }
  if (!stat.isSocket()) {
    throw new EngineError('invalid_request', `cannot listen on ${address}: a file that is no socket is there`, {
      details: { address },
    });
  }
  const code = await answersAt(path);
  if (code === undefined) {
    throw new EngineError(
      'invalid_request',
      `cannot listen on ${address}: another process listens there; stop it first, or use another path`,
      { details: { address } },
    );
  }
  if (code === 'ECONNREFUSED') unlinkSync(path);
  else if (code !== 'ENOENT') {
    throw new EngineError('invalid_request', `cannot listen on ${address}: a socket file is there and gives ${code}`, {
      details: { address },
    });
  }
}

/** The error of connecting there; `undefined` = somebody answers. */
function answersAt(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = netConnect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function unreachable(address: string, cause: Error): EngineError {
  return new EngineError('shard_unavailable', `cannot reach ${address}: ${cause.message}`, {
    cause,
    details: { address },
  });
}

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it first, or use another address',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'the host is not one of this machine',
  ENOTFOUND: 'the host is not known',
};

function cannotListen(address: string, cause: NodeJS.ErrnoException): EngineError {
  const why = LISTEN_FAILURES[cause.code ?? ''] ?? cause.message;
  return new EngineError('invalid_request', `cannot listen on ${address}: ${why}`, { cause, details: { address } });
}
