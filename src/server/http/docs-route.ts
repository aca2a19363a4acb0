/** The documentation page, whole and offline: the assets of swagger-ui-dist from the disk, and nothing from outside. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EngineError } from '../../model/error.ts';
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange, Headers } from './exchange.ts';

// The charset matters: without it the bundle is misread and dies.
const ASSET_TYPES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);
const SECURITY_HEADERS: Headers = [
  [
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
];
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Kith API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
const START_SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', validatorUrl: null, deepLinking: true });\n`;

export function docsPageRoute(exchange: Exchange): void {
  exchange.send(200, 'text/html; charset=utf-8', PAGE, SECURITY_HEADERS);
}

export function docsAssetRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  return sendAsset(exchange, request.getUrl().slice('/docs/'.length));
}

async function sendAsset(exchange: Exchange, name: string): Promise<void> {
  if (name === 'start.js') {
    exchange.send(200, 'text/javascript; charset=utf-8', START_SCRIPT, SECURITY_HEADERS);
    return;
  }
  const type = ASSET_TYPES.get(name);
  if (type === undefined) throw new EngineError('not_found', 'the documentation page has no such file');
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  exchange.send(200, type, await readFile(join(folder, name)), [
    ...SECURITY_HEADERS,
    ['cache-control', 'max-age=3600'],
  ]);
}
