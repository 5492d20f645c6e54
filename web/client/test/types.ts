// What TypeScript makes of the package. Compiled, never run.
import { FanfareSource, type FanfareError, type FanfareMessage } from 'fanfare-client';
import { FanfareProvider, useSSE, useTopic, type Status } from 'fanfare-client/react';
import { SharedSource } from 'fanfare-client/shared';
import { FakeSource } from 'fanfare-client/testing';

const source = new FanfareSource('https://example.com/events?topic=a', { token: async (refused) => refused ?? 'x', onGap: (gap) => gap.topics[0] });

// An existing page, where only the constructor changes.
const existing: EventSource = new FanfareSource('/events', { withCredentials: true });
existing.onmessage = (event: MessageEvent) => JSON.parse(event.data);
existing.addEventListener('status', (event) => event.data);
existing.addEventListener('error', () => existing.readyState === EventSource.CLOSED);

source.onmessage = (event) => event.topic?.split('/');
source.onerror = (event) => event.problem?.detail?.length;
source.addEventListener('message', (event) => event.topic satisfies string | null);
source.addEventListener('error', (event) => event.retryIn satisfies number | null);
source.addEventListener('status', (event: FanfareMessage) => event.data satisfies string);
source.addEventListener('status', { handleEvent: (event: Event) => event.type });
const failed = (event: FanfareError) => event.reason === 'status';
source.addEventListener('error', failed);
source.removeEventListener('error', failed);
source.add('b', 'c');
source.drop('a');
FanfareSource.OPEN satisfies 1;
source.transport satisfies 'stream' | 'poll';

// @ts-expect-error: options are checked
new FanfareSource('/events', { heartbeats: 15 });
// @ts-expect-error: there is no such thing
source.reconnect();

// Hooks, with a map from event types to payloads.
type Events = { paid: number; sent: { at: string } };
useSSE<Events, 'paid'>('/events', { event: 'paid', onEvent: (amount) => amount.toFixed() }).data satisfies number | undefined;
useSSE<Events>('/events', { event: ['paid', 'sent'] }).data satisfies number | { at: string } | undefined;
useSSE<Events, 'paid', number>(null, { event: 'paid', initial: 0, reduce: (sum, amount) => sum + amount }).data.toFixed();
useTopic<Events, 'sent'>('orders/*', { event: 'sent', enabled: false, throttle: 100 }).data?.at satisfies string | undefined;
useSSE('/events', { token: () => 'x', source: FakeSource, shared: true }).status satisfies Status;
FanfareProvider({ url: '/events', source: SharedSource, heartbeat: 20 });
FakeSource.last.fail({ reason: 'status', status: 503, retryIn: null });

// @ts-expect-error: an event that is not in the map
useSSE<Events, 'lost'>('/events');
// @ts-expect-error: the wrong payload
useSSE<Events, 'paid'>('/events', { event: 'paid', onEvent: (payload: string) => payload });
