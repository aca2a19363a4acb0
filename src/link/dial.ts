/** The contract of a network, and what an address says: `unix:/path/to.sock`, `tcp:host:port`, `tls:host:port`; in memory, any text. */
import { EngineError } from '../model/error.ts';
import type { Channel } from './channel.ts';

export interface Network {
  /** Errors: shard_unavailable when nobody answers there, invalid_request for an address that is none. */
  dial(address: string): Promise<Channel>;
  /** Errors: invalid_request when the address cannot be listened on; the message says why. */
  listen(address: string, accept: (channel: Channel) => void): Promise<Listening>;
}

export interface Listening {
  /** As bound: the port is filled in. */
  readonly address: string;
  /** Takes no more channels; those accepted go on. */
  close(): Promise<void>;
}

export type SocketAddress =
  | { readonly scheme: 'unix'; readonly path: string }
  | { readonly scheme: 'tcp' | 'tls'; readonly host: string; readonly port: number };

/** What `sun_path` holds, less the closing zero; longer paths are cut off silently by some systems. */
const UNIX_PATH_BYTES_MAX = 103;
const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

export function parseAddress(address: string): SocketAddress {
  const colon = address.indexOf(':');
  const scheme = address.slice(0, colon);
  const rest = address.slice(colon + 1);
  if (scheme === 'unix') {
    const sizeBytes = new TextEncoder().encode(rest).length;
    if (sizeBytes === 0) throw notAnAddress(address, 'the path is missing');
    if (sizeBytes > UNIX_PATH_BYTES_MAX) {
      throw notAnAddress(
        address,
        `the path of a socket file may have ${UNIX_PATH_BYTES_MAX} bytes; choose a shorter folder`,
      );
    }
    return { scheme, path: rest };
  }
  if (scheme !== 'tcp' && scheme !== 'tls') throw notAnAddress(address, 'it begins with unix:, tcp: or tls:');
  const parts = HOST_AND_PORT.exec(rest);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535) throw notAnAddress(address, `after ${scheme}: come host:port`);
  return { scheme, host: parts[1] ?? parts[2], port };
}

export function addressText(address: SocketAddress): string {
  if (address.scheme === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.scheme}:${host}:${address.port}`;
}

function notAnAddress(address: string, why: string): EngineError {
  return new EngineError('invalid_request', `${JSON.stringify(address)} is not an address of a link: ${why}`, {
    details: { address },
  });
}
