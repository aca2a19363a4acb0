/**
 * A server without keys serves only this machine. A web page that the person happens to visit runs on this machine too,
 * so without keys the names in `Host` and `Origin` must be loopback names: that stops cross-site posts and DNS
 * rebinding.
 */
import { EngineError } from '../../model/error.ts';

export function isLoopbackHost(host: string): boolean {
  const name = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return name === 'localhost' || name === '::1' || name === '::ffff:127.0.0.1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Throws unless the server may start with these keys on this host. */
export function checkExposure(host: string, hasKeys: boolean): void {
  if (hasKeys || isLoopbackHost(host)) return;
  throw new EngineError(
    'invalid_request',
    `refusing to listen on ${host} without keys: anyone could read and write every profile. Set a write key and an admin key, or listen on 127.0.0.1`,
  );
}

/** `host` as in `127.0.0.1:8080`; `origin` as in `http://localhost:3000`, or empty. */
export function isLocalCaller(host: string, origin: string): boolean {
  return (
    isLoopbackHost(withoutPort(host)) &&
    (origin === '' || isLoopbackHost(withoutPort(origin.replace(/^https?:\/\//, ''))))
  );
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '');
}
