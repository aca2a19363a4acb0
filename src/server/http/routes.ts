/**
 * The list of all routes: what the router serves and what /openapi.json describes are both read from here, and a test
 * compares the two.
 */
import type { BytePage } from '../lookup/byte-page.ts';
import { profileApiRoutes } from '../profile-api/profile-api-route.ts';
import { accountPeopleRoute, accountRoute, accountsRoute, profileAccountsRoute } from './account-route.ts';
import { checkpointRoute, stateHashRoute } from './admin-route.ts';
import { clusterRoute, rebalanceRoute } from './cluster-route.ts';
import { docsAssetRoute, docsPageRoute } from './docs-route.ts';
import { exportRoute } from './export-route.ts';
import { historyRoute } from './history-route.ts';
import {
  enrichmentRoute,
  identityGraphRoute,
  identitySettingsRoute,
  mergeRoute,
  saveIdentitySettingsRoute,
  unmergeRoute,
} from './identity-route.ts';
import { BATCH_KINDS, ingestRoute, SINGLE_KINDS } from './ingest-route.ts';
import { profilesRoute } from './lookup-route.ts';
import {
  cancelMatchingRoute,
  decideSuggestionRoute,
  matchingRoute,
  startMatchingRoute,
  suggestionsRoute,
} from './matching-route.ts';
import { healthRoute, metricsRoute, readyRoute } from './operation-route.ts';
import { quarantineRoute, releaseRoute } from './quarantine-route.ts';
import { analysisRoute, completeRoute, queryRoute } from './query-route.ts';
import type { Route } from './route.ts';
import { schemaRoute } from './schema-route.ts';
import {
  deleteSegmentRoute,
  saveSegmentRoute,
  segmentMembersRoute,
  segmentRoute,
  segmentsRoute,
} from './segment-route.ts';
import { whyRoute } from './why-route.ts';

export function routes(page: BytePage, openApiJson: () => string): readonly Route[] {
  return [
    ...[...SINGLE_KINDS, ...BATCH_KINDS].map(
      (kind): Route => ({ method: 'post', path: `/v1/${kind}`, access: 'ingest', handle: ingestRoute(kind) }),
    ),
    { method: 'post', path: '/v1/profiles/get', access: 'read', handle: profilesRoute(page) },
    { method: 'get', path: '/v1/profiles/{id}/accounts', access: 'read', handle: profileAccountsRoute },
    { method: 'get', path: '/v1/accounts', access: 'read', handle: accountsRoute },
    { method: 'get', path: '/v1/accounts/{id}/people', access: 'read', handle: accountPeopleRoute },
    { method: 'get', path: '/v1/accounts/{id}', access: 'read', handle: accountRoute },
    { method: 'get', path: '/v1/profiles/{id}/history', access: 'read', handle: historyRoute },
    { method: 'get', path: '/v1/profiles/{id}/identity', access: 'read', handle: identityGraphRoute },
    { method: 'post', path: '/v1/identity/merge', access: 'admin', handle: mergeRoute },
    { method: 'post', path: '/v1/identity/unmerge', access: 'admin', handle: unmergeRoute },
    { method: 'get', path: '/v1/identity/settings', access: 'read', handle: identitySettingsRoute },
    { method: 'put', path: '/v1/identity/settings', access: 'admin', handle: saveIdentitySettingsRoute },
    { method: 'get', path: '/v1/identity/matching', access: 'read', handle: matchingRoute },
    { method: 'post', path: '/v1/identity/matching', access: 'admin', handle: startMatchingRoute },
    { method: 'delete', path: '/v1/identity/matching', access: 'admin', handle: cancelMatchingRoute },
    { method: 'get', path: '/v1/identity/suggestions', access: 'read', handle: suggestionsRoute },
    { method: 'post', path: '/v1/identity/suggestions/{id}', access: 'admin', handle: decideSuggestionRoute },
    { method: 'post', path: '/v1/enrichment', access: 'admin', handle: enrichmentRoute },
    { method: 'post', path: '/v1/query', access: 'read', handle: queryRoute },
    { method: 'post', path: '/v1/query/funnel', access: 'read', handle: analysisRoute('funnel') },
    { method: 'post', path: '/v1/query/retention', access: 'read', handle: analysisRoute('retention') },
    { method: 'post', path: '/v1/query/complete', access: 'read', handle: completeRoute },
    { method: 'post', path: '/v1/query/why', access: 'read', handle: whyRoute },
    { method: 'get', path: '/v1/segments', access: 'read', handle: segmentsRoute },
    { method: 'get', path: '/v1/segments/{key}/members', access: 'read', handle: segmentMembersRoute },
    { method: 'get', path: '/v1/segments/{key}', access: 'read', handle: segmentRoute },
    { method: 'put', path: '/v1/segments/{key}', access: 'admin', handle: saveSegmentRoute },
    { method: 'delete', path: '/v1/segments/{key}', access: 'admin', handle: deleteSegmentRoute },
    { method: 'get', path: '/v1/schema', access: 'read', handle: schemaRoute },
    ...profileApiRoutes(),
    { method: 'get', path: '/v1/export', access: 'read', handle: exportRoute },
    { method: 'get', path: '/v1/cluster', access: 'read', handle: clusterRoute },
    { method: 'post', path: '/v1/cluster/rebalance', access: 'admin', handle: rebalanceRoute },
    { method: 'get', path: '/v1/cluster/quarantine', access: 'read', handle: quarantineRoute },
    { method: 'delete', path: '/v1/cluster/quarantine/{hash}', access: 'admin', handle: releaseRoute },
    { method: 'post', path: '/v1/admin/checkpoint', access: 'admin', handle: checkpointRoute },
    { method: 'get', path: '/v1/admin/state-hash', access: 'admin', handle: stateHashRoute },
    { method: 'get', path: '/health', access: 'open', isAlwaysOn: true, handle: healthRoute },
    { method: 'get', path: '/ready', access: 'open', isAlwaysOn: true, handle: readyRoute },
    { method: 'get', path: '/metrics', access: 'page', isAlwaysOn: true, handle: metricsRoute },
    {
      method: 'get',
      path: '/openapi.json',
      access: 'page',
      handle: (exchange) => exchange.send(200, 'application/json', openApiJson()),
    },
    { method: 'get', path: '/docs', access: 'page', handle: docsPageRoute },
    { method: 'get', path: '/docs/{file}', access: 'page', handle: docsAssetRoute },
  ];
}
